/**
 * The programs a user types. {@link io.dragonfly.cli.Dfget} is the front door of the one there is:
 * it reads the command line, finds a daemon, and shows how the download goes.
 *
 * <p>Everything runs on the caller's thread, apart from one ticker that repaints the progress bar
 * and enforces the time limit. Whatever is loaded before the first byte goes to the daemon is kept
 * small: no Netty, no logging, no JSON.
 */
@NullMarked
package io.dragonfly.cli;

import org.jspecify.annotations.NullMarked;
