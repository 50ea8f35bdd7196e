/**
 * Command lines. Every program declares its options as {@link io.dragonfly.common.flag.Flag}s, lets
 * {@link io.dragonfly.common.flag.Flags} parse its arguments and reads {@link
 * io.dragonfly.common.flag.ParsedFlags}. Used on the main thread, before anything else: the path
 * that a correct command line takes avoids lambdas, regular expressions and reflection, because
 * dfget pays for each of them at every start.
 */
@NullMarked
package io.dragonfly.common.flag;

import org.jspecify.annotations.NullMarked;
