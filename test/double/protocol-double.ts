/**
 * The protocol double: EventStoreDB's wire protocol, served in this process for the real client to speak to.
 *
 * It has the server's semantics as far as README.md says, one log in memory, and as many nodes over it as a
 * test wants; its faults are switched on by the test. It is not EventStoreDB: what passes against it has been
 * tested against a protocol double, and nothing else.
 */
import { EventLog, type LogOptions } from './event-log.js';
import { Faults } from './faults.js';
import { linkTo } from './links.js';
import { DoubleNode } from './node.js';
import { jsonEvent } from './writes.js';

export interface DoubleOptions extends Omit<LogOptions, 'now'> {
  /** How many nodes serve the log; the first is the leader. */
  readonly nodes?: number;
  /** Without it the client appends with a call for each append, as to servers before 21.10. */
  readonly batchAppend?: boolean;
  readonly appendSizeMax?: number;
  readonly repeatsTellPosition?: boolean;
  /** How densely the server's own events lie among the others: one at every n-th place; none by default. */
  readonly systemEventEvery?: number;
}

const MIB = 1024 * 1024;

export class ProtocolDouble {
  readonly log: EventLog;
  readonly faults: Faults;
  readonly nodes: readonly DoubleNode[];
  /** How far the server's clock is off; an append whose deadline is over by it times out. */
  skewMs = 0;
  private leader: DoubleNode | null;

  private constructor({
    nodes = 1,
    batchAppend = true,
    appendSizeMax = MIB,
    repeatsTellPosition = true,
    systemEventEvery = 0,
    ...log
  }: DoubleOptions) {
    const now = () => Date.now() + this.skewMs;
    this.log = new EventLog({ ...log, now });
    this.faults = new Faults(() => (this.leader ?? this.nodes[0]!).endpoint);
    const cluster = {
      log: this.log,
      faults: this.faults,
      appendSizeMax,
      repeatsTellPosition,
      systemEventEvery,
      supportsBatchAppend: batchAppend,
      now,
      members: () =>
        this.nodes.map((node) => ({
          endpoint: node.endpoint,
          role: node === this.leader ? ('leader' as const) : ('follower' as const),
          alive: node.alive,
        })),
      leader: () => this.leader,
    };
    this.nodes = Array.from({ length: nodes }, () => new DoubleNode(cluster));
    this.leader = this.nodes[0]!;
  }

  static async start(options: DoubleOptions = {}): Promise<ProtocolDouble> {
    const double = new ProtocolDouble(options);
    for (const node of double.nodes) await node.start();
    return double;
  }

  /** Where the client finds it: one endpoint, or all, to discover the leader from. */
  get url(): string {
    const hosts = this.nodes.map(({ endpoint: { host, port } }) => `${host}:${port}`);
    return `esdb://${hosts.join(',')}?tls=false`;
  }

  /** Another node is the leader from now on, or, with null, none is. */
  failOver(to: DoubleNode | null): void {
    this.leader = to;
  }

  /** Every node at once breaks off and comes back, on its port and with the same log. */
  async restart(): Promise<void> {
    await this.kill();
    for (const node of this.nodes) await node.start();
  }

  async kill(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
  }

  /** An event of someone else's, or a malformed one, at the end of a stream; text is taken for JSON. */
  inject(
    stream: string,
    { type, data, metadata = '' }: { type: string; data: string | Uint8Array; metadata?: string },
  ): void {
    const event = jsonEvent(type, typeof data === 'string' ? data : '', metadata);
    const binary = { data: data as Uint8Array, contentType: 'application/octet-stream' };
    this.log.append(stream, [typeof data === 'string' ? event : { ...event, ...binary }]);
  }

  /** A link from one stream to an event of another, as the server's system projections make them. */
  injectLink(from: string, to: { readonly stream: string; readonly revision: number }): void {
    this.log.append(from, [linkTo(to.stream, to.revision)]);
  }
}
