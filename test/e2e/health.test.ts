/** Live and ready are two questions: the first is for who would start the process again, the second for who sends it requests. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ProtocolDouble } from '../double/protocol-double.js';
import { Ledger } from '../support/ledger.js';

let double: ProtocolDouble;
let ledger: Ledger;
beforeAll(async () => {
  double = await ProtocolDouble.start();
  ledger = await Ledger.start({
    LEDGER_ORIGIN: 'ledger.example/log',
    EVENT_STORE_URL: `${double.url}&defaultDeadline=500`,
  });
});
afterAll(async () => {
  await ledger.remove();
  await double.kill();
});

const asked = async () => {
  const live = await fetch(`${ledger.url}/health/live`);
  const ready = await fetch(`${ledger.url}/health/ready`);
  return { live: live.status, ready: ready.status };
};

test('a ledger that serves lives and is ready, and tells both without a key', async () => {
  expect(await asked()).toEqual({ live: 200, ready: 200 });
});

test('a ledger that has stopped at an event lives, and is not ready', async () => {
  const metadata = {
    schema: 'outcome@99',
    recordedAt: '2024-01-01T00:00:00.000Z',
    actor: 'later',
    role: 'later',
    correlationId: 'later',
    source: 'api',
    factsSalt: 'AAAAAAAAAAAAAAAAAAAAAA',
    factsHash: '0'.repeat(64),
  };
  double.inject('submission-0b9d2c1e-4a57-4d3c-9f0e-6d1f6b8a2c11', {
    type: 'PatientBenefited',
    data: '{}',
    metadata: JSON.stringify(metadata),
  });
  // It comes to the event when it has read it.
  let answers = await asked();
  while (answers.ready === 200) answers = await asked();
  expect(answers).toEqual({ live: 200, ready: 503 });
  const { text } = await ledger.call('GET', '/metrics');
  expect(text).toMatch(/^ledger_projection_live 0$/m);
});
