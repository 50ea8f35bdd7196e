/** The command line of the lab; each of its commands is a package below. */
@NullMarked
package io.dragonfly.lab;

import org.jspecify.annotations.NullMarked;
