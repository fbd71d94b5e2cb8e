/** The places of an EventStoreDB store in tests: the protocol double, or a real server that tests share. */
import { randomUUID } from 'node:crypto';
import { EventStoreDbReader, type ReaderOptions } from '../../src/store/eventstore/reader.js';
import { EventStoreDbStore } from '../../src/store/eventstore/store.js';
import type { StorePlace } from '../contracts/store-fixture.js';
import { ProtocolDouble, type DoubleOptions } from '../double/protocol-double.js';

/**
 * The server to test against, where there is one. A server that cannot be reached fails the tests, and so does an
 * empty address.
 */
export const SERVER_URL = process.env['EVENTSTORE_TEST_URL'];

export async function placeOnDouble(options?: DoubleOptions): Promise<StorePlace> {
  const double = await ProtocolDouble.start(options);
  return placeAt({ url: double.url }, {}, () => double.kill());
}

/** A namespace of its own on a server, behind all events that the server has. */
export async function placeOnServer(url: string): Promise<StorePlace> {
  const looking = await EventStoreDbStore.open({ url });
  const origin = await looking.head();
  await looking.close();
  return placeAt({ url, namespace: newNamespace() }, { origin }, () => Promise.resolve());
}

export const newNamespace = () => `t${randomUUID().replaceAll('-', '').slice(0, 16)}`;

function placeAt(
  settings: { readonly url: string; readonly namespace?: string },
  options: ReaderOptions,
  remove: () => Promise<void>,
): StorePlace {
  return {
    open: () => EventStoreDbStore.open(settings, options),
    openReader: () => Promise.resolve(new EventStoreDbReader(settings, options)),
    remove,
  };
}
