/**
 * One node of the protocol double: a gRPC server on a port of its own, which it keeps over restarts.
 *
 * Its connections are accepted here and handed to gRPC, so that they can be refused and cut at will.
 */
import { GossipService, type IGossipServer } from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import {
  ServerFeaturesService,
  type IServerFeaturesServer,
} from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { Server, ServerCredentials, type Metadata, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server as Listener, type Socket } from 'node:net';
import { appendCall, batchAppendCall } from './append-calls.js';
import { featuresCall, gossipCall } from './cluster-calls.js';
import { deleteCall, tombstoneCall } from './delete-calls.js';
import { serializeResponse } from './encoded-events.js';
import type { EventLog } from './event-log.js';
import type { FaultedCall, Faults } from './faults.js';
import type { Member, NodeContext, ServerStream } from './node-context.js';
import { readCall } from './read-calls.js';
import { notLeader, unavailable, type Endpoint, type RpcError } from './rpc-errors.js';

const HOST = '127.0.0.1';
/** Larger than any append that is allowed, so that the size is the server's to refuse. */
const MESSAGE_SIZE_MAX = 17 * 1024 * 1024;

/** As generated, but for answers that are encoded already. */
const STREAMS = {
  ...StreamsService,
  read: { ...StreamsService.read, responseSerialize: serializeResponse },
};

/** What all nodes have in common. */
export interface Cluster {
  readonly log: EventLog;
  readonly faults: Faults;
  readonly appendSizeMax: number;
  readonly repeatsTellPosition: boolean;
  readonly systemEventEvery: number;
  readonly supportsBatchAppend: boolean;
  now(): number;
  members(): readonly Member[];
  /** Null while none is elected. */
  leader(): DoubleNode | null;
}

export class DoubleNode implements NodeContext {
  private grpc: Server | null = null;
  private listener: Listener | null = null;
  private port = 0;
  private readonly sockets = new Map<string, Socket>();
  private readonly openCalls = new Set<ServerStream>();
  private readonly watchers = new Set<() => void>();
  /** The end of the log as a follower that lags behind knows it. */
  private laggingAt: number | null = null;
  readonly log: EventLog;
  readonly faults: Faults;
  readonly appendSizeMax: number;
  readonly repeatsTellPosition: boolean;
  readonly systemEventEvery: number;
  readonly supportsBatchAppend: boolean;

  constructor(private readonly cluster: Cluster) {
    ({
      log: this.log,
      faults: this.faults,
      appendSizeMax: this.appendSizeMax,
      repeatsTellPosition: this.repeatsTellPosition,
      systemEventEvery: this.systemEventEvery,
      supportsBatchAppend: this.supportsBatchAppend,
    } = cluster);
  }

  /** On the port it had before, if it had one. */
  async start(): Promise<void> {
    const grpc = this.services();
    const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
    const listener = createServer((socket) => {
      const peer = `${socket.remoteAddress}:${socket.remotePort}`;
      this.sockets.set(peer, socket);
      socket.on('close', () => this.sockets.delete(peer));
      socket.on('error', () => undefined);
      injector.injectConnection(socket);
    });
    this.port = await listen(listener, this.port === 0 ? randomPorts() : [this.port]);
    this.grpc = grpc;
    this.listener = listener;
  }

  private services(): Server {
    const grpc = new Server({ 'grpc.max_receive_message_length': MESSAGE_SIZE_MAX });
    const streams: UntypedServiceImplementation = {
      read: readCall(this),
      append: appendCall(this),
      batchAppend: batchAppendCall(this),
      delete: deleteCall(this),
      tombstone: tombstoneCall(this),
    };
    const gossip: IGossipServer = { read: gossipCall(this) };
    const features: IServerFeaturesServer = { getSupportedMethods: featuresCall(this) };
    grpc.addService(STREAMS, streams);
    grpc.addService(GossipService, gossip);
    grpc.addService(ServerFeaturesService, features);
    return grpc;
  }

  get endpoint(): Endpoint {
    return { host: HOST, port: this.port };
  }

  /** How many are open. */
  get connections(): number {
    return this.sockets.size;
  }

  get alive(): boolean {
    return this.listener !== null;
  }

  /** At once, as a process that is killed: every connection breaks and new ones are refused. */
  async kill(): Promise<void> {
    const { grpc, listener } = this;
    if (!grpc || !listener) return;
    this.grpc = this.listener = null;
    const closed = once(listener, 'close');
    listener.close();
    this.cutAll();
    grpc.forceShutdown();
    await closed;
  }

  /** As a server that is stopped: answers in the making end as if they were whole, then it is gone. */
  async stopCleanly(): Promise<void> {
    const { grpc, listener } = this;
    if (!grpc || !listener) return;
    this.grpc = this.listener = null;
    const closed = once(listener, 'close');
    listener.close();
    for (const call of this.openCalls) call.end();
    await new Promise<unknown>((resolve) => grpc.tryShutdown(resolve));
    await closed;
  }

  cutAll(): void {
    for (const socket of this.sockets.values()) socket.destroy();
  }

  cut(peer: string): void {
    this.sockets.get(peer)?.destroy();
  }

  /** Sees nothing of what is written from now on. */
  lagBehind(): void {
    this.laggingAt = this.log.end;
  }

  catchUp(): void {
    this.laggingAt = null;
    for (const tell of [...this.watchers]) tell();
  }

  end(): number {
    return this.laggingAt ?? this.log.end;
  }

  watch(onChange: () => void): () => void {
    this.watchers.add(onChange);
    const unwatch = this.log.watch(onChange);
    return () => {
      this.watchers.delete(onChange);
      unwatch();
    };
  }

  now(): number {
    return this.cluster.now();
  }

  members(): readonly Member[] {
    return this.cluster.members();
  }

  /** A follower passes writes on to the leader, unless the client asked for the leader itself. */
  refusalOfWrite(metadata: Metadata): RpcError | null {
    const leader = this.cluster.leader();
    if (!leader?.alive) return unavailable();
    return this.refusalOfRead(metadata);
  }

  refusalOfRead(metadata: Metadata): RpcError | null {
    const leader = this.cluster.leader();
    if (leader === this || metadata.get('requires-leader')[0] !== 'true') return null;
    return leader ? notLeader(leader.endpoint) : unavailable();
  }

  faultedStream(call: ServerStream): FaultedCall {
    this.openCalls.add(call);
    call.once('close', () => this.openCalls.delete(call));
    return {
      end: () => call.end(),
      fail: (error) => call.emit('error', error),
      cut: () => this.cut(call.getPeer()),
    };
  }
}

/**
 * Below what the system gives to those who ask for any port: while a node is down, nobody is to be given its own,
 * least of all the client that tries to connect to it.
 */
const PORTS = { from: 10_000, to: 32_000 };

function* randomPorts(): Generator<number> {
  for (let attempt = 0; attempt < 50; attempt++) yield randomInt(PORTS.from, PORTS.to);
}

/** On the first of some ports that is free. */
async function listen(listener: Listener, ports: Iterable<number>): Promise<number> {
  let taken: unknown;
  for (const port of ports) {
    try {
      listener.listen(port, HOST);
      await once(listener, 'listening');
      return port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      taken = error;
    }
  }
  throw taken;
}
