package io.dragonfly.daemon.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.common.rpc.RpcChannels;
import io.dragonfly.daemon.link.ParentInfo;
import io.dragonfly.daemon.link.PieceSync;
import io.dragonfly.daemon.storage.Kind;
import io.dragonfly.daemon.storage.TaskKey;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class ParentFollowingTest {
  private static final TaskKey TASK = new TaskKey(Kind.TASK, new TaskId("0123456789abcdef"));

  private static List<String> failures(ParentFollowing following, String ip, int port)
      throws Exception {
    List<String> failures = new ArrayList<>();
    ParentInfo parent = new ParentInfo(new PeerId("p"), new HostId("h"), ip, port, false);
    PieceSync.Listener listener =
        new PieceSync.Listener() {
          @Override
          public void features(boolean extension) {}

          @Override
          public void piece(int number, long offset, long length, String host, int tcpPort) {}

          @Override
          public void ended() {}

          @Override
          public void failed(String why) {
            failures.add(why);
          }
        };
    following.follow(parent, TASK, new BitSet(), listener).close();
    return failures;
  }

  @Test
  void aParentWithAnAddressThatIsNoneFailsAlone() throws Exception {
    try (EventLoops loops = new EventLoops("test", 1);
        RpcChannels channels = RpcChannels.plaintext(loops)) {
      ParentFollowing following = new ParentFollowing(channels, new HostId("self"));
      assertThat(failures(following, "", 4000)).singleElement().asString().contains("address");
      assertThat(failures(following, "127.0.0.1", 70_000))
          .singleElement()
          .asString()
          .contains("70000");
    }
  }
}
