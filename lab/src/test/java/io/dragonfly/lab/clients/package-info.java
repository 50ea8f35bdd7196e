/**
 * Programs that know nothing of Dragonfly, as their users run them, through the proxies of two
 * daemons beside a seed. Origins are real programs as well, and count what they send.
 */
@NullMarked
package io.dragonfly.lab.clients;

import org.jspecify.annotations.NullMarked;
