/**
 * The EventStoreDB store keeps the laws of the port: on the protocol double, which shows what the adapter and the
 * real client do with the wire protocol, and on a server wherever EVENTSTORE_TEST_URL names one.
 */
import { placeOnDouble, placeOnServer, SERVER_URL } from '../support/eventstore-places.js';
import { describeEventStore } from './event-store.js';

describeEventStore('EventStoreDB store, on the protocol double', () => placeOnDouble());
describeEventStore('EventStoreDB store, on the protocol double of a cluster with an old log', () =>
  placeOnDouble({ nodes: 3, separateCommits: true, systemEventEvery: 3, repeatsTellPosition: false }),
);
if (SERVER_URL !== undefined)
  describeEventStore('EventStoreDB store, on a server', () => placeOnServer(SERVER_URL!));
