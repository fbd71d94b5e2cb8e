/** What an operator sees of a ledger: its numbers, and how far its read models are. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VERSION } from '../../src/kernel/version.js';
import { ProtocolDouble } from '../double/protocol-double.js';
import { Ledger } from '../support/ledger.js';

let double: ProtocolDouble;
let ledger: Ledger;
beforeAll(async () => {
  double = await ProtocolDouble.start();
  for (let event = 0; event < 3; event++) double.inject('order-1', { type: 'OrderPlaced', data: '{}' });
  ledger = await Ledger.start({
    LEDGER_ORIGIN: 'ledger.example/log',
    EVENT_STORE_URL: `${double.url}&defaultDeadline=500`,
  });
});
afterAll(async () => {
  await ledger.remove();
  await double.kill();
});

/** By name and labels, as they are written. */
async function numbers(): Promise<Map<string, number>> {
  const { status, text, headers } = await ledger.call('GET', '/metrics');
  expect(status).toBe(200);
  expect(headers.get('content-type')).toMatch(/^text\/plain; version=/);
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

const register = () => {
  const id = `programme-${randomUUID()}`;
  return ledger.call('POST', '/v1/programmes', { body: { id, name: id, startedOn: '2020-04-01' } });
};

test('the numbers need the key, and say how far the ledger is and what it was asked', async () => {
  expect((await fetch(`${ledger.url}/metrics`)).status).toBe(401);
  const before = await numbers();
  await register();
  await ledger.call('GET', '/v1/programmes/unknown');
  const after = await numbers();
  const grew = (name: string) => after.get(name)! - (before.get(name) ?? 0);
  expect(grew('ledger_sequence')).toBe(1);
  expect(grew('ledger_appends_total{outcome="appended"}')).toBe(1);
  expect(grew('ledger_events_appended_total')).toBe(1);
  expect(grew('ledger_http_requests_total{method="POST",route="/v1/programmes",status="201"}')).toBe(1);
  expect(grew('ledger_http_requests_total{method="GET",route="/v1/programmes/:id",status="404"}')).toBe(1);
  expect(after.get('ledger_events_skipped')).toBe(3);
  expect(after.get('ledger_projection_live')).toBe(1);
  expect(after.get('ledger_self_check_ok')).toBe(1);
  expect(after.get(`ledger_build_info{version="${VERSION}",node="${process.version}"}`)).toBe(1);
  expect(grew('ledger_append_duration_seconds_count')).toBe(1);
  const asked = 'ledger_http_request_duration_seconds_count{method="POST",route="/v1/programmes"}';
  expect(grew(asked)).toBe(1);
  expect(after.get('ledger_store_silent_seconds')).toBe(0);
  expect(after.get('ledger_store_cut_short')).toBe(0);
  for (const name of [
    'nodejs_eventloop_lag_p99_seconds',
    'process_open_fds',
    'process_resident_memory_bytes',
    'nodejs_heap_size_used_bytes',
  ]) {
    expect([name, after.get(name)]).toEqual([name, expect.any(Number)]);
  }
});

test('the version that is told is that of the package', () => {
  const { version } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as {
    version: string;
  };
  expect(VERSION).toBe(version);
});

test('while the store cannot be asked, writes get 503 and when to come back, reads go on, and it stays ready for a while', async () => {
  const ready = () => ledger.call<Record<string, unknown>>('GET', '/health/ready');
  expect(await ready()).toMatchObject({ status: 200, body: { skipped: 3 } });
  await double.kill();
  expect(await ready()).toMatchObject({ status: 200, body: { status: 'ready', lagMs: null } });
  expect((await ready()).body['storeSilentMs']).toBeGreaterThan(0);
  const silent = await numbers();
  expect(silent.get('ledger_projection_lag_seconds')).toBeNaN();
  expect(silent.get('ledger_store_silent_seconds')).toBeGreaterThan(0);
  const refused = await register();
  expect(refused.status).toBe(503);
  expect(refused.text).toContain('store-unavailable');
  expect(refused.headers.get('retry-after')).toBe('1');
  expect((await ledger.call('GET', '/v1/measures')).status).toBe(200);
  await double.restart();
  expect((await register()).status).toBe(201);
  expect((await ready()).status).toBe(200);
  // What the projector followed ended with the store, and it follows again.
  expect((await numbers()).get('ledger_subscriptions_lost_total')).toBeGreaterThan(0);
});

test('a checkpoint is told by how much it covers, and how old it is', async () => {
  const { text } = await ledger.call('GET', '/v1/audit/checkpoint');
  const told = await numbers();
  expect(told.get('ledger_checkpoint_size')).toBe(Number(text.split('\n')[1]));
  expect(told.get('ledger_checkpoint_age_seconds')).toBeGreaterThanOrEqual(0);
  await ledger.stop();
  await ledger.start();
  const again = await numbers();
  expect(again.get('ledger_checkpoint_size')).toBe(told.get('ledger_checkpoint_size'));
  expect(again.get('ledger_checkpoint_age_seconds')).toBeGreaterThan(
    told.get('ledger_checkpoint_age_seconds')!,
  );
});
