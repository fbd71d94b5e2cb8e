/**
 * What is reached into a client for, through what it has for those who extend it: its channel, which it leaves open
 * when it is disposed of, and an answer that would end the process.
 */
import type { EventStoreDBClient } from '@eventstore/db-client';

/** What is used of a channel of gRPC. */
interface Channel {
  close(): void;
}

/** A client, who uses it, and the channel that it was asked for: to ask for one only to close it would look for a server. */
export interface Line {
  uses: number;
  givenUp: boolean;
  channel: Promise<Channel> | null;
}

/** The channel is noted as it is made, and each time that the client makes another. */
export function lineOf(client: EventStoreDBClient): Line {
  const line: Line = { uses: 0, givenUp: false, channel: null };
  const parts = client as unknown as Parts;
  const { getChannel } = parts;
  parts.getChannel = () => (line.channel = getChannel());
  parts.createGRPCClient = async (Client) =>
    new Client(null, null, { channelOverride: await parts.getChannel(), interceptors: [namingTheLeader] });
  return line;
}

/** What the client has for those who extend it. */
interface Parts {
  getChannel: () => Promise<Channel>;
  createGRPCClient: (
    Client: new (address: null, credentials: null, options: object) => unknown,
  ) => Promise<unknown>;
}

interface Status {
  readonly metadata: { get(name: string): readonly unknown[]; remove(name: string): void };
}
type Listener = object & { onReceiveStatus?: (status: Status) => void };
interface InnerCall {
  start(metadata: unknown, listener?: Listener): void;
}

/**
 * A node that says it does not lead, and not who does, makes the client throw where nobody can catch it, and the
 * process end. Without the name of its exception the answer is one more failure of the moment.
 */
function namingTheLeader(options: object, next: (options: object) => InnerCall): InnerCall {
  const call = next(options);
  const start = call.start.bind(call);
  call.start = (metadata, listener) =>
    start(metadata, {
      ...listener,
      onReceiveStatus: (status: Status) => {
        const named = ['leader-endpoint-host', 'leader-endpoint-port'].every(
          (name) => status.metadata.get(name).length > 0,
        );
        if (!named && status.metadata.get('exception')[0] === 'not-leader')
          status.metadata.remove('exception');
        listener?.onReceiveStatus?.(status);
      },
    });
  return call;
}
