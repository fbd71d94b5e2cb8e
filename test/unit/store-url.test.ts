/** The address of an EventStoreDB: what the ledger takes, what it refuses, and what it never repeats. */
import { describe, expect, test } from '@jest/globals';
import { EventStoreDBClient } from '@eventstore/db-client';
import { Misconfigured, readConfig } from '../../src/config.js';
import { faultsOfStoreUrl, optionOfStoreUrl, withoutSecrets } from '../../src/store/store-url.js';

describe('an address that is taken', () => {
  test.each([
    'esdb://localhost',
    'esdb://localhost:2113?tls=false',
    'esdb://localhost:2113/?tls=false',
    'esdb+discover://cluster.example:2113',
    'esdb://a.example:2113,b.example:2114,c.example?tls=true&nodePreference=leader',
    'esdb://ledger:p%40ss%3Aword@localhost:2113?tls=true&keepAliveInterval=15000&keepAliveTimeout=5000',
    'esdb://localhost?tls=false&defaultDeadline=3000&connectionName=ledger&maxDiscoverAttempts=5',
    'esdb://localhost?tls=false&discoveryInterval=200&gossipTimeout=3&tlsVerifyCert=true',
  ])('%s', (url) => {
    expect(faultsOfStoreUrl(url)).toEqual([]);
    // And the client takes it too.
    EventStoreDBClient.connectionString(url);
  });
});

describe('an address that is refused', () => {
  test.each([
    ['http://localhost:2113', 'must be esdb://'],
    ['localhost:2113', 'must be esdb://'],
    ['esdb://', 'must be esdb://'],
    ['kurrentdb://localhost:2113', 'must begin with esdb://'],
    ['kurrentdb+discover://localhost:2113', 'must begin with esdb://'],
    ['esdb://localhost:0', 'host'],
    ['esdb://localhost:99999', 'host'],
    ['esdb://localhost,', 'host'],
    ['esdb://ledger:100%@localhost', 'percent-encoded'],
    ['esdb://localhost?tls=yes', 'tls must be true or false'],
    ['esdb://localhost?tlsVerifyCert=false', 'the client checks certificates whatever is said'],
    ['esdb://localhost?nodePreference=follower', 'must be leader'],
    ['esdb://a,b?node-preference=random', 'must be leader'],
    ['esdb://localhost?throwOnAppendFailure=false', 'no effect here'],
    ['esdb://localhost?unknown=1', 'no effect here'],
    ['esdb://localhost?defaultDeadline=10', 'at least 100'],
    ['esdb://localhost?default_deadline=50', 'at least 100'],
    ['esdb://localhost?defaultDeadline=000', 'at least 100'],
    ['esdb://localhost?connectionName=%', 'percent-encoded'],
    ['esdb://localhost?tlsCAFile=%zz', 'must name a file'],
    ['esdb://localhost?tlsCAFile=', 'must name a file'],
    ['esdb://localhost?keepAliveInterval=soon', 'milliseconds'],
  ])('%s', (url, says) => {
    const faults = faultsOfStoreUrl(url);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(says);
  });

  test('every fault of it is told at once, and its password never', () => {
    const url = 'esdb://ledger:secret@localhost:0?tls=maybe&tlsVerifyCert=false';
    expect(faultsOfStoreUrl(url)).toHaveLength(3);
    expect(faultsOfStoreUrl(url).join()).not.toContain('secret');
    expect(withoutSecrets(url)).toBe('esdb://localhost:0?tls=maybe&tlsVerifyCert=false');
  });
});

test('an option is found by its name, however it is written', () => {
  expect(optionOfStoreUrl('esdb://a?tls=false&defaultDeadline=1500', 'defaultdeadline')).toBe('1500');
  expect(optionOfStoreUrl('esdb://a?default_deadline=50000', 'defaultdeadline')).toBe('50000');
  expect(optionOfStoreUrl('esdb://a?DEFAULT-DEADLINE=900', 'defaultdeadline')).toBe('900');
  expect(optionOfStoreUrl('esdb://a?tls=false', 'defaultdeadline')).toBeUndefined();
});

describe('the configuration', () => {
  const faultsOf = (env: NodeJS.ProcessEnv) => {
    try {
      return readConfig(env) && [];
    } catch (error) {
      return (error as Misconfigured).faults;
    }
  };

  test('an address and a namespace are taken together, and neither without the address', () => {
    const env = { EVENT_STORE_URL: 'esdb://localhost?tls=false', EVENT_STORE_NAMESPACE: 'north' };
    expect(readConfig(env).eventStore).toEqual({ url: env.EVENT_STORE_URL, namespace: 'north' });
    expect(readConfig({}).eventStore).toBeUndefined();
    expect(faultsOf({ EVENT_STORE_NAMESPACE: 'north' })).toEqual([
      'EVENT_STORE_NAMESPACE is set, but EVENT_STORE_URL is not',
    ]);
    expect(faultsOf({ ...env, EVENT_STORE_NAMESPACE: 'the-north' })).toHaveLength(1);
  });

  test('faults of the address are told beside the others', () => {
    const faults = faultsOf({
      PORT: '99999',
      EVENT_STORE_URL: 'esdb://u:secret@localhost?tlsVerifyCert=false',
    });
    expect(faults).toHaveLength(2);
    expect(faults.join()).toContain('EVENT_STORE_URL tlsVerifyCert must be true');
    expect(faults.join()).not.toContain('secret');
  });
});
