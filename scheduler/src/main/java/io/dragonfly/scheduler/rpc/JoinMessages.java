package io.dragonfly.scheduler.rpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.dragonfly.api.errordetails.v2.Backend;
import io.dragonfly.api.extension.v1.Content;
import io.dragonfly.api.extension.v1.FinishedPiece;
import io.dragonfly.api.extension.v1.JoinResponse;
import io.dragonfly.api.extension.v1.OriginFailed;
import io.dragonfly.api.extension.v1.OriginLease;
import io.dragonfly.api.extension.v1.OriginRefused;
import io.dragonfly.api.extension.v1.OriginRevoked;
import io.dragonfly.api.extension.v1.Parent;
import io.dragonfly.api.extension.v1.Parents;
import io.dragonfly.api.extension.v1.PieceFailed;
import io.dragonfly.api.extension.v1.PieceRoot;
import io.dragonfly.api.extension.v1.Register;
import io.dragonfly.api.extension.v1.Roots;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.piece.Bitmap;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.common.piece.TinyContent;
import io.dragonfly.scheduler.origin.OriginFailure;
import io.dragonfly.scheduler.swarm.FailureReason;
import io.dragonfly.scheduler.swarm.ParentView;
import io.dragonfly.scheduler.swarm.PeerOrder;
import io.dragonfly.scheduler.swarm.PeerReport.DonePiece;
import io.dragonfly.scheduler.swarm.Registration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;

/** The messages of Join to registrations, reports and orders, and back. */
final class JoinMessages {
  /** Roots in one message: well below the 4 MiB that a client takes. */
  private static final int ROOTS_PER_MESSAGE = 8192;

  private JoinMessages() {}

  static Registration registration(Register register, long session) {
    Checks.download(register.getDownload());
    Optional<ContentInfo> content =
        register.hasContent() ? Optional.of(content(register.getContent())) : Optional.empty();
    Map<Integer, io.dragonfly.common.piece.PieceRoot> roots = new TreeMap<>();
    for (PieceRoot root : register.getRootsList()) {
      roots.put(pieceNumber(root.getNumber()), root(root.getRoot()));
    }
    return new Registration(
        Checks.taskId(register.getTaskId()),
        Checks.peerId(register.getPeerId()),
        Checks.hostId(register.getHostId()),
        session,
        /* extension= */ true,
        DownloadMessages.spec(register.getDownload()),
        content,
        pieces(register.getPieces(), content),
        roots,
        register.getHolderOnly(),
        piecePort(register.getPiecePort()));
  }

  private static int piecePort(int port) {
    if (port < 0 || port > 65_535) {
      throw Checks.invalid("piece_port " + port + ": not between 0 and 65535");
    }
    return port;
  }

  static ContentInfo content(Content content) {
    try {
      return new ContentInfo(
          content.hasLength() ? OptionalLong.of(content.getLength()) : OptionalLong.empty(),
          content.getPieceLength(),
          content.getVersion(),
          content.getHeadersMap(),
          content.getGuard());
    } catch (IllegalArgumentException e) {
      throw Checks.invalid("content: " + e.getMessage());
    }
  }

  static TinyContent tiny(io.dragonfly.api.extension.v1.TinyContent message) {
    try {
      return TinyContent.of(message.getBytes().toByteArray());
    } catch (IllegalArgumentException e) {
      throw Checks.invalid("tiny_content: " + e.getMessage());
    }
  }

  static DonePiece donePiece(FinishedPiece piece) {
    return new DonePiece(
        pieceNumber(piece.getNumber()),
        piece.getRoot().isEmpty() ? Optional.empty() : Optional.of(root(piece.getRoot())),
        piece.getParentId().isEmpty()
            ? Optional.empty()
            : Optional.of(Checks.peerId(piece.getParentId())));
  }

  static FailureReason reason(PieceFailed.Reason reason) {
    return switch (reason) {
      case UNREACHABLE -> FailureReason.UNREACHABLE;
      case STALLED -> FailureReason.STALLED;
      case MISSING -> FailureReason.MISSING;
      case CORRUPT -> FailureReason.CORRUPT;
      case UNRECOGNIZED -> throw Checks.invalid("piece_failed.reason: not known");
    };
  }

  static int pieceNumber(int number) {
    if (number < 0 || number >= PieceLayout.MAX_PIECES) {
      throw Checks.invalid(
          "piece number " + Integer.toUnsignedString(number) + ": too high for any task");
    }
    return number;
  }

  static List<PeerId> peerIds(Iterable<String> ids) {
    List<PeerId> peers = new ArrayList<>();
    for (String id : ids) {
      peers.add(Checks.peerId(id));
    }
    return peers;
  }

  static OriginFailure failure(OriginFailed failed) {
    return switch (failed.getCauseCase()) {
      case BACKEND -> backend(failed.getBackend());
      case UNKNOWN -> OriginFailure.unknown(Failures.shortened(failed.getUnknown().getMessage()));
      case CAUSE_NOT_SET -> OriginFailure.unknown("the peer did not say why");
    };
  }

  static OriginFailure backend(Backend backend) {
    return OriginFailure.found(
        backend.hasStatusCode() ? OptionalInt.of(backend.getStatusCode()) : OptionalInt.empty(),
        Failures.publicHeaders(backend.getHeaderMap()),
        Failures.shortened(backend.getMessage()));
  }

  /** One order may be several messages. */
  static List<JoinResponse> responses(PeerOrder order) {
    return switch (order) {
      case PeerOrder.Content content ->
          List.of(JoinResponse.newBuilder().setContent(message(content.content())).build());
      case PeerOrder.Parents parents ->
          List.of(JoinResponse.newBuilder().setParents(message(parents.parents())).build());
      case PeerOrder.OriginLease lease ->
          List.of(JoinResponse.newBuilder().setOriginLease(message(lease)).build());
      case PeerOrder.OriginRevoked revoked ->
          List.of(
              JoinResponse.newBuilder()
                  .setOriginRevoked(OriginRevoked.newBuilder().setDescription(revoked.why()))
                  .build());
      case PeerOrder.Roots roots -> messages(roots.roots());
      case PeerOrder.OriginRefused refused ->
          List.of(JoinResponse.newBuilder().setOriginRefused(message(refused.failure())).build());
      case PeerOrder.Tiny(TinyContent content) ->
          List.of(
              JoinResponse.newBuilder()
                  .setTinyContent(
                      io.dragonfly.api.extension.v1.TinyContent.newBuilder()
                          .setBytes(UnsafeByteOperations.unsafeWrap(content.bytes())))
                  .build());
      case PeerOrder.Candidates _,
          PeerOrder.NeedBackToSource _,
          PeerOrder.EmptyTask _,
          PeerOrder.MetadataOnly _ ->
          throw new IllegalStateException("an answer for an upstream peer went to one of ours");
    };
  }

  private static Content message(ContentInfo content) {
    Content.Builder message =
        Content.newBuilder()
            .setPieceLength(content.pieceLength())
            .setVersion(content.version())
            .putAllHeaders(content.headers())
            .setGuard(content.guard());
    content.length().ifPresent(message::setLength);
    return message.build();
  }

  private static Parents message(List<ParentView> parents) {
    Parents.Builder message = Parents.newBuilder();
    for (ParentView parent : parents) {
      message.addParents(
          Parent.newBuilder()
              .setPeerId(parent.peer().id().value())
              .setHostId(parent.host().id().value())
              .setIp(parent.host().ip())
              .setPort(parent.host().port())
              .setHostType(parent.host().type())
              .setPiecePort(parent.peer().wholeAt()));
    }
    return message.build();
  }

  private static OriginLease message(PeerOrder.OriginLease lease) {
    return OriginLease.newBuilder()
        .setDescription(lease.why())
        .setPiecesHeld(UnsafeByteOperations.unsafeWrap(Bitmap.encode(lease.held())))
        .build();
  }

  private static OriginRefused message(OriginFailure failure) {
    Backend.Builder backend =
        Backend.newBuilder().setMessage(failure.message()).putAllHeader(failure.headers());
    failure.status().ifPresent(backend::setStatusCode);
    return OriginRefused.newBuilder().setBackend(backend).build();
  }

  private static List<JoinResponse> messages(
      Map<Integer, io.dragonfly.common.piece.PieceRoot> roots) {
    List<JoinResponse> messages = new ArrayList<>();
    Roots.Builder message = Roots.newBuilder();
    for (Map.Entry<Integer, io.dragonfly.common.piece.PieceRoot> root : roots.entrySet()) {
      message.addRoots(
          PieceRoot.newBuilder()
              .setNumber(root.getKey())
              .setRoot(UnsafeByteOperations.unsafeWrap(root.getValue().bytes())));
      if (message.getRootsCount() == ROOTS_PER_MESSAGE) {
        messages.add(JoinResponse.newBuilder().setRoots(message).build());
        message = Roots.newBuilder();
      }
    }
    if (message.getRootsCount() > 0) {
      messages.add(JoinResponse.newBuilder().setRoots(message).build());
    }
    return messages;
  }

  private static BitSet pieces(ByteString bitmap, Optional<ContentInfo> content) {
    int bound =
        content.isPresent() && content.get().length().isPresent()
            ? content.get().layout().pieceCount()
            : 0;
    try {
      return Bitmap.decode(bitmap.toByteArray(), bound);
    } catch (IllegalArgumentException e) {
      throw Checks.invalid("pieces: " + e.getMessage());
    }
  }

  private static io.dragonfly.common.piece.PieceRoot root(ByteString bytes) {
    try {
      return io.dragonfly.common.piece.PieceRoot.of(bytes.toByteArray());
    } catch (IllegalArgumentException e) {
      throw Checks.invalid("root: " + e.getMessage());
    }
  }
}
