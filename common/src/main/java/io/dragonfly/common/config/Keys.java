package io.dragonfly.common.config;

/** How keys of a file are matched with the names of record components. */
public enum Keys {
  /** Letter by letter. */
  EXACT,
  /** In any case, as the configuration of upstream's scheduler is read. */
  ANY_CASE
}
