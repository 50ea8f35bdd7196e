/**
 * Limits on rates. One bucket is shared by everything whose traffic it limits; it never blocks, it
 * only says how long to wait.
 */
@NullMarked
package io.dragonfly.common.limit;

import org.jspecify.annotations.NullMarked;
