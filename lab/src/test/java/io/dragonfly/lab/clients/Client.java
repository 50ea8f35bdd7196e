package io.dragonfly.lab.clients;

import io.dragonfly.lab.process.Tool;
import java.util.List;

/** A program that downloads, as its users configure it. */
interface Client {
  /** What must be installed. */
  List<Tool> tools();

  /** Brings something new to the origin. */
  Content publish(String name) throws Exception;

  /** Gets it through a daemon; fails when it is not what the origin has. */
  void get(String daemon, Content content) throws Exception;
}
