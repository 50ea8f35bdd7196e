/**
 * gRPC as all roles use it. A role makes one {@link io.dragonfly.common.rpc.EventLoops}, serves
 * with {@link io.dragonfly.common.rpc.RpcServer} and calls others through {@link
 * io.dragonfly.common.rpc.RpcChannels}. Calls are handled on the event loops (one or two threads)
 * unless an executor is given, so a service must not block there.
 */
@NullMarked
package io.dragonfly.common.rpc;

import org.jspecify.annotations.NullMarked;
