package io.dragonfly.cli.download;

/**
 * A finished download.
 *
 * @param bytes length of the file
 * @param shares where the bytes came from; all zero when the other end does not say
 */
public record Outcome(long bytes, Shares shares) {}
