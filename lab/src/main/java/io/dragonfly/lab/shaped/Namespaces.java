package io.dragonfly.lab.shaped;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** Network namespaces, in which single threads of this process can be. */
public final class Namespaces {
  /** Where ip(8) keeps them. */
  private static final Path DIRECTORY = Path.of("/run/netns");

  private Namespaces() {}

  /** Calls something in a thread of its own that is in a namespace. */
  public static <T> T inside(String namespace, Callable<T> call) throws IOException {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread.ofPlatform()
        .name("in-" + namespace)
        .start(() -> {
          try {
            Kernel.enterNetwork(DIRECTORY.resolve(namespace));
            result.complete(call.call());
          } catch (Throwable e) {
            result.completeExceptionally(e);
          }
        });
    try {
      return result.join();
    } catch (CompletionException e) {
      throw new IOException("in the network of " + namespace + ": " + e.getCause(), e.getCause());
    }
  }
}
