package io.dragonfly.daemon.output;

import java.nio.file.Path;

/**
 * The file a caller wants.
 *
 * @param overwrite a file that is there may be replaced
 * @param forceHardLink the file must be a link to the cache's own; otherwise it is a copy
 */
public record OutputTarget(Path path, boolean overwrite, boolean forceHardLink) {}
