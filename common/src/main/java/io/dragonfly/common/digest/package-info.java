/**
 * Checksums as text ({@code crc32:1234}, {@code sha256:...}) and how they are calculated.
 *
 * <p>Values, except for calculators: one belongs to the thread that feeds it.
 */
@NullMarked
package io.dragonfly.common.digest;

import org.jspecify.annotations.NullMarked;
