/**
 * Reads a YAML file into a tree of records, each section beside the code that it configures.
 *
 * <p>Called once at the start of a process, by one thread. Mistakes are gathered and reported
 * together, with their place in the file; unknown keys are named and never fatal.
 */
@NullMarked
package io.dragonfly.common.config;

import org.jspecify.annotations.NullMarked;
