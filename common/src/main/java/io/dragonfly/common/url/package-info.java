/**
 * Parts of URLs as the URL standard (https://url.spec.whatwg.org) writes them: hosts, and what is
 * percent-encoded where. Task ids are made of them and origins are read by them. Pure functions,
 * any thread.
 */
@NullMarked
package io.dragonfly.common.url;

import org.jspecify.annotations.NullMarked;
