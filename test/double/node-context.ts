/** What the calls of a node need of it. */
import type { Metadata } from '@grpc/grpc-js';
import type { Writable } from 'node:stream';
import type { FaultedCall, Faults } from './faults.js';
import type { Endpoint, RpcError } from './rpc-errors.js';
import type { WriteSettings } from './writes.js';

export type Role = 'leader' | 'follower';

export interface Member {
  readonly endpoint: Endpoint;
  readonly role: Role;
  readonly alive: boolean;
}

/** The sides of a streaming call that faults and endings need. */
export type ServerStream = Writable & { getPeer(): string };

export interface NodeContext extends WriteSettings {
  readonly faults: Faults;
  /** Whether the client is told of BatchAppend. */
  readonly supportsBatchAppend: boolean;
  /** The server's clock, as it has lost it. */
  now(): number;
  /** How much of the log this node has: a follower may lag behind. */
  end(): number;
  watch(onChange: () => void): () => void;
  members(): readonly Member[];
  /** Why a call that must be answered by the leader is not answered here, if so. */
  refusalOfWrite(metadata: Metadata): RpcError | null;
  refusalOfRead(metadata: Metadata): RpcError | null;
  faultedStream(call: ServerStream): FaultedCall;
  /** Breaks the connection that a call came on. */
  cut(peer: string): void;
}
