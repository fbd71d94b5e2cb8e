/** Gossip and ServerFeatures: who is in the cluster, and what this server can do. */
import { ClusterInfo, EndPoint, MemberInfo } from '@eventstore/db-client/generated/gossip_pb.js';
import { SupportedMethod, SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb.js';
import { UUID, type Empty } from '@eventstore/db-client/generated/shared_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { handleUnaryCall, sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import type { CallKind } from './faults.js';
import type { Member, NodeContext } from './node-context.js';
import { cancelled } from './rpc-errors.js';

/** What the double answers as; it is no server of this version. */
const SERVER_VERSION = '24.10.0-protocol-double';

export function gossipCall(node: NodeContext): handleUnaryCall<Empty, ClusterInfo> {
  return answering(node, 'gossip', () => {
    const info = new ClusterInfo();
    for (const member of node.members()) info.addMembers(memberInfo(member, node.now()));
    return info;
  });
}

function memberInfo({ endpoint, role, alive }: Member, nowMs: number): MemberInfo {
  const info = new MemberInfo();
  info.setInstanceId(new UUID().setString(randomUUID()));
  info.setTimeStamp(String(BigInt(nowMs) * 10_000n));
  info.setState(role === 'leader' ? MemberInfo.VNodeState.LEADER : MemberInfo.VNodeState.FOLLOWER);
  info.setIsAlive(alive);
  info.setHttpEndPoint(new EndPoint().setAddress(endpoint.host).setPort(endpoint.port));
  return info;
}

export function featuresCall(node: NodeContext): handleUnaryCall<Empty, SupportedMethods> {
  return answering(node, 'features', () => {
    const features = new SupportedMethods();
    features.setEventStoreServerVersion(SERVER_VERSION);
    for (const { path } of Object.values(StreamsService)) {
      const [, service, method] = path.split('/') as [string, string, string];
      if (method === 'BatchAppend' && !node.supportsBatchAppend) continue;
      features.addMethods(new SupportedMethod().setServiceName(service).setMethodName(method.toLowerCase()));
    }
    return features;
  });
}

function answering<Response>(
  node: NodeContext,
  kind: CallKind,
  respond: () => Response,
): handleUnaryCall<Empty, Response> {
  return (call, answer) => void answerOne(node, { call, answer, kind, respond });
}

async function answerOne<Response>(
  node: NodeContext,
  asked: {
    readonly call: ServerUnaryCall<Empty, Response>;
    readonly answer: sendUnaryData<Response>;
    readonly kind: CallKind;
    readonly respond: () => Response;
  },
): Promise<void> {
  const { call, answer, kind, respond } = asked;
  const over = await node.faults.take(kind)?.before({
    end: () => answer(cancelled()),
    fail: (error) => answer(error),
    cut: () => node.cut(call.getPeer()),
  });
  if (!over) answer(null, respond());
}
