/** What the system's own file operations leave out. */
@NullMarked
package io.dragonfly.common.file;

import org.jspecify.annotations.NullMarked;
