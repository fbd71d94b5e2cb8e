/**
 * Several processes of the ledger over one store. The store is the protocol double, in this process; on a server,
 * wherever EVENTSTORE_TEST_URL names one, the same is asked.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { ProtocolDouble } from '../double/protocol-double.js';
import { newNamespace, SERVER_URL } from '../support/eventstore-places.js';
import { makeKey, withKey } from '../support/keys.js';
import { Ledger, type Answer } from '../support/ledger.js';

interface Place {
  readonly env: NodeJS.ProcessEnv;
  remove(): Promise<void>;
}

async function onDouble(): Promise<Place & { readonly double: ProtocolDouble }> {
  const double = await ProtocolDouble.start({ nodes: 3, systemEventEvery: 7 });
  return {
    double,
    env: { LEDGER_ORIGIN: 'ledger.example/log', EVENT_STORE_URL: double.url },
    remove: () => double.kill(),
  };
}

const onServer = (url: string): Place => ({
  env: { LEDGER_ORIGIN: 'ledger.example/log', EVENT_STORE_URL: url, EVENT_STORE_NAMESPACE: newNamespace() },
  remove: () => Promise.resolve(),
});

describe('on the protocol double', () => describeReplicas(onDouble));
if (SERVER_URL !== undefined)
  describe('on a server', () => describeReplicas(() => Promise.resolve(onServer(SERVER_URL!))));

interface Receipt {
  readonly submission: string;
  readonly sequence: number;
  readonly outcomes: readonly { readonly id: string; readonly sequence: number }[];
}

const OUTCOME = {
  measure: 'patients-benefited',
  quantity: 100,
  organisation: 'wessex',
  effective: { from: '2023-04-01', to: '2023-06-30' },
  basis: 'counted',
  evidence: { title: 'Quarter 1 return' },
};

function describeReplicas(place: () => Promise<Place>): void {
  let store: Place;
  let replicas: readonly Ledger[];

  beforeAll(async () => {
    store = await place();
    // Together, so that they load the standard catalogue at the same time.
    replicas = await Promise.all([Ledger.start(store.env), Ledger.start(store.env)]);
    await register(replicas[0]!, 'asthma-care');
  });
  afterAll(async () => {
    await Promise.all(replicas.map((ledger) => ledger.remove()));
    await store.remove();
  });

  const onAll = <Result>(ask: (ledger: Ledger, index: number) => Promise<Result>) =>
    Promise.all(replicas.map(ask));

  function submit(
    ledger: Ledger,
    key: string,
    outcomes: readonly object[] = [OUTCOME],
    programme = 'asthma-care',
  ) {
    const path = `/v1/programmes/${programme}/submissions`;
    return ledger.call<Receipt>('POST', path, { body: { outcomes }, headers: { 'idempotency-key': key } });
  }

  /** What each replica answers once all know what any knows. */
  async function level(path: string): Promise<Answer<Record<string, unknown>>[]> {
    const stands = await onAll((ledger) => ledger.call('GET', '/v1/measures?limit=1'));
    const sequence = Math.max(...stands.map(({ headers }) => Number(headers.get('ledger-sequence'))));
    const separator = path.includes('?') ? '&' : '?';
    return onAll((ledger) => ledger.call('GET', `${path}${separator}minSequence=${sequence}`));
  }

  test('a key that is made, rotated or revoked through one is so on the other', async () => {
    const [one, other] = replicas as [Ledger, Ledger];
    const { id, key } = await makeKey(one, { role: 'reporter' });
    const statusOnOther = async (text: string) => {
      const headers = withKey(text);
      return (await other.call('GET', '/v1/measures?limit=1', { headers })).status;
    };
    await level('/v1/measures?limit=1');
    expect(await statusOnOther(key)).toBe(200);
    const body = { reason: 'to see that it is known' };
    const rotated = await one.call<{ key: string }>('POST', `/v1/keys/${id}/rotation`, { body });
    await level('/v1/measures?limit=1');
    expect([await statusOnOther(key), await statusOnOther(rotated.body.key)]).toEqual([401, 200]);
    await one.call('POST', `/v1/keys/${id}/revocation`, { body });
    await level('/v1/measures?limit=1');
    expect(await statusOnOther(rotated.body.key)).toBe(401);
  });

  test('the standard catalogue is there once, though both loaded it', async () => {
    const [one, other] = await level('/v1/events?limit=1000');
    const events = one!.body['events'] as { readonly subject?: string; readonly type: string }[];
    expect(other!.body['events']).toEqual(events);
    const defined = events
      .filter(({ type }) => /MeasureDefined/.test(type))
      .map((event) => JSON.stringify(event));
    expect(defined.length).toBeGreaterThan(5);
    const [measures] = await level('/v1/measures?limit=500');
    expect(defined).toHaveLength((measures!.body['measures'] as unknown[]).length);
  });

  test('one key at once through both is one submission, with one receipt', async () => {
    for (let round = 0; round < 5; round++) {
      const key = randomUUID();
      const answers = await Promise.all([...replicas, ...replicas].map((ledger) => submit(ledger, key)));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 201]);
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    }
  });

  test('one key with two contents: one is recorded, and the other is told so', async () => {
    const key = randomUUID();
    const answers = await onAll((ledger, index) =>
      submit(ledger, key, [{ ...OUTCOME, quantity: 7 + index }]),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  });

  test('of corrections of one version at once exactly one is carried out', async () => {
    const key = randomUUID();
    await submit(replicas[0]!, key);
    for (let version = 0; version < 4; version++) {
      const answers = await Promise.all(
        [...replicas, ...replicas].map((ledger, index) =>
          ledger.call('POST', `/v1/outcomes/${key}.1/correction`, {
            body: { ...OUTCOME, quantity: 10 * version + index, reason: `recount ${version} by ${index}` },
            headers: { 'if-match': `"${version}"` },
          }),
        ),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412]);
    }
  });

  test('what one recorded the other reads at that sequence', async () => {
    const [writer, reader] = replicas as [Ledger, Ledger];
    const { body } = await submit(writer, randomUUID(), [OUTCOME, { ...OUTCOME, quantity: 1 }]);
    const asked = `measure=patients-benefited&from=2023-24&to=2023-24&minSequence=${body.sequence}`;
    const answers = await onAll((ledger) => ledger.call('GET', `/v1/totals/annual?${asked}`));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const story = await reader.call<Receipt>(
      'GET',
      `/v1/submissions/${body.submission}?minSequence=${body.sequence}`,
    );
    expect(story.body.sequence).toBe(body.sequence);
  });

  test('what is registered, defined and closed through one holds on the other once it is level', async () => {
    const [one, other] = replicas as [Ledger, Ledger];
    await register(one, 'polypill');
    const measure = {
      id: 'feno-tests',
      label: 'FeNO tests',
      unit: 'tests',
      kind: 'flow',
      eventType: 'FenoTestDone',
      countsPeople: false,
      rollsUpInto: null,
    };
    expect((await one.call('POST', '/v1/measures', { body: measure })).status).toBe(201);
    const tests = [{ ...OUTCOME, measure: 'feno-tests' }];
    // An entry that is new is found at once, level or not.
    expect((await submit(other, randomUUID(), tests, 'polypill')).status).toBe(201);
    const closed = await other.call('POST', '/v1/programmes/polypill/closure', {
      body: { closedOn: '2024-03-31', reason: 'funding has ended' },
    });
    expect(closed.status).toBe(201);
    await level('/v1/programmes/polypill');
    const later = tests.map((test) => ({ ...test, effective: { from: '2024-04-01' } }));
    const refused = await onAll((ledger) => submit(ledger, randomUUID(), later, 'polypill'));
    expect(refused.map(({ status }) => status)).toEqual([422, 422]);
  });

  test('level, all have the same events, sequences and totals, also one that starts from nothing', async () => {
    await Promise.all(
      Array.from({ length: 24 }, (_, index) =>
        submit(replicas[index % 2]!, randomUUID(), [OUTCOME, { ...OUTCOME, quantity: index }]),
      ),
    );
    const paths = [
      '/v1/events?limit=1000',
      '/v1/totals/annual?measure=patients-benefited&from=2022-23&to=2023-24',
      '/v1/totals/since?measure=patients-benefited&from=2018-19',
      '/v1/outcomes?measure=patients-benefited&from=2023-24&to=2023-24&limit=500',
    ];
    const late = await Ledger.start(store.env);
    try {
      for (const path of paths) {
        const [one, other] = await level(path);
        const sequence = other!.headers.get('ledger-sequence');
        const third = await late.call<object>('GET', `${path}&minSequence=${sequence}`);
        for (const answer of [one!, other!, third]) {
          expect(answer.status).toBe(200);
          expect({ ...answer.body, asAt: null }).toEqual({ ...one!.body, asAt: null });
        }
      }
      // Each signs for itself, and so the same tree: its origin, its size and its root.
      const [{ headers }] = (await level('/v1/measures?limit=1')) as [Answer<object>];
      const asked = `/v1/audit/checkpoint?minSequence=${headers.get('ledger-sequence')}`;
      const trees = await Promise.all(
        [...replicas, late].map(async (ledger) => (await ledger.call('GET', asked)).text.split('\n\n')[0]),
      );
      expect(trees[0]).toMatch(/^ledger\.example\/log\n\d+\n\S{44}$/);
      expect(new Set(trees).size).toBe(1);
    } finally {
      await late.remove();
    }
  });

  test('one that was killed and starts again goes on where it was, and recorded nothing twice', async () => {
    const [, other] = replicas as [Ledger, Ledger];
    const keys = Array.from({ length: 20 }, () => randomUUID());
    const asked = keys.map((key) => submit(other, key).catch(() => null));
    await Promise.race(asked);
    await other.kill();
    await Promise.all(asked);
    await other.start();
    const receipts = await Promise.all(keys.map((key) => submit(other, key)));
    expect(receipts.every(({ status }) => status === 200 || status === 201)).toBe(true);
    const sequences = receipts.map(({ body }) => body.sequence);
    expect(new Set(sequences).size).toBe(keys.length);
    const again = await Promise.all(keys.map((key) => submit(replicas[0]!, key)));
    expect(again.map(({ status, body }) => [status, body.sequence])).toEqual(
      sequences.map((sequence) => [200, sequence]),
    );
  });
}

describe('a store that fails', () => {
  test('it restarts, closes and changes its leader while programmes post: each is recorded once', async () => {
    const double = await ProtocolDouble.start({ nodes: 3 });
    const origin = 'ledger.example/log';
    const env = { LEDGER_ORIGIN: origin, EVENT_STORE_URL: `${double.url}&defaultDeadline=1000` };
    const replicas = await Promise.all([Ledger.start(env), Ledger.start(env)]);
    try {
      await register(replicas[0], 'asthma-care');
      const path = '/v1/programmes/asthma-care/submissions';
      /** As a client does: again with the same key, until it has a receipt. */
      const post = async (index: number): Promise<number> => {
        const headers = { 'idempotency-key': randomUUID() };
        const body = { outcomes: [{ ...OUTCOME, quantity: index }] };
        for (let attempt = index; ; attempt++) {
          const answer = await replicas[attempt % 2]!.call<Receipt>('POST', path, { body, headers });
          if (answer.status === 200 || answer.status === 201) return answer.body.sequence;
          expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
        }
      };
      const sequences: number[] = [];
      const troubles = [
        () => double.restart(),
        () => Promise.resolve(double.failOver(double.nodes[1]!)),
        async () => {
          await double.nodes[1]!.stopCleanly();
          double.failOver(double.nodes[2]!);
          await double.nodes[1]!.start();
        },
        () => double.restart(),
      ];
      for (const [round, trouble] of troubles.entries()) {
        const posting = Array.from({ length: 12 }, (_, index) => post(round * 12 + index));
        await Promise.race(posting);
        await trouble();
        sequences.push(...(await Promise.all(posting)));
      }
      expect(new Set(sequences).size).toBe(48);
      const last = Math.max(...sequences);
      const asked = `measure=patients-benefited&from=2023-24&to=2023-24&minSequence=${last}`;
      for (const ledger of replicas) {
        const { body } = await ledger.call<{
          years: { total: number; outcomes: number }[];
          sequence: number;
        }>('GET', `/v1/totals/annual?${asked}`);
        expect(body.sequence).toBe(last);
        expect(body.years[0]).toMatchObject({ total: (47 * 48) / 2, outcomes: 48 });
      }
    } finally {
      await Promise.all(replicas.map((ledger) => ledger.remove()));
      await double.kill();
    }
  });

  test('one that is not there keeps a replica from starting, which says so without the password', async () => {
    const address = 'esdb://ledger:secret@127.0.0.1:1?tls=false&defaultDeadline=500';
    const told = await Ledger.start({ EVENT_STORE_URL: address }).then(String, String);
    expect(told).toContain(
      'the event store at esdb://127.0.0.1:1?tls=false&defaultDeadline=500 cannot be used',
    );
    expect(told).not.toContain('secret');
  });
});

async function register(ledger: Ledger, id: string): Promise<void> {
  const body = { id, name: id, startedOn: '2020-04-01' };
  expect((await ledger.call('POST', '/v1/programmes', { body })).status).toBe(201);
}
