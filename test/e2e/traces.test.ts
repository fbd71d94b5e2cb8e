/** Traces: what a collector gets of a ledger, what it never gets, and that without one nothing of it is there. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config.js';
import { ProtocolDouble } from '../double/protocol-double.js';
import { Collector, valuesOf, type Span } from '../support/collector.js';
import { ADMIN_KEY, Ledger } from '../support/ledger.js';

const SERVER = 2;
const ERROR = 2;
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';
const PROGRAMME = { id: 'told-to-nobody', name: 'Known to the ledger alone', startedOn: '2020-04-01' };
const SUBMISSION = {
  outcomes: [
    {
      measure: 'patients-benefited',
      quantity: 1_200,
      effective: { from: '2023-04-01', to: '2023-06-30' },
      basis: 'counted',
    },
  ],
};
const MODULES = { NODE_OPTIONS: `--require ${join(__dirname, '../support/loaded-modules.js')}` };

let dir: string;
let ledger: Ledger | null;
let collector: Collector;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'ledger-traces-'));
  ledger = null;
  collector = await Collector.start();
});
afterEach(async () => {
  await ledger?.remove();
  await collector.close();
  rmSync(dir, { recursive: true, force: true });
});

const loadedFile = () => join(dir, 'loaded');
/** The SDK: OpenTelemetry's interfaces alone are loaded with the metrics. */
const loadedOfTracing = () =>
  readFileSync(loadedFile(), 'utf8')
    .split('\n')
    .filter((file) => /@opentelemetry\/(?!api\/)|http\/tracing\.js$/.test(file));

async function start(env: NodeJS.ProcessEnv): Promise<Ledger> {
  ledger = await Ledger.start({ ...MODULES, LOADED_MODULES: loadedFile(), ...env });
  return ledger;
}

const named = (name: string): Span[] => collector.spans.filter((span) => span.name === name);

describe('with a collector', () => {
  test('a request, its append and its wait for the read models are spans of the caller’s trace', async () => {
    const traced = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    const headers = { traceparent: `00-${TRACE}-${CALLER}-01`, 'x-request-id': 'asked-once' };
    expect((await traced.call('POST', '/v1/programmes', { body: PROGRAMME, headers })).status).toBe(201);
    // The last are sent at the end.
    expect(await traced.stop()).toBe(0);

    const [request] = named('POST /v1/programmes');
    expect(request).toMatchObject({ traceId: TRACE, parentSpanId: CALLER, kind: SERVER });
    expect(valuesOf(request!)).toEqual({
      'http.request.method': 'POST',
      'http.route': '/v1/programmes',
      'http.response.status_code': 201,
      'ledger.request_id': 'asked-once',
    });
    for (const name of ['append', 'wait for projection']) {
      const within = named(name).filter(({ traceId }) => traceId === TRACE);
      const parents = new Set(within.map(({ parentSpanId }) => parentSpanId));
      expect([name, [...parents]]).toEqual([name, [request!.spanId]]);
      const { startTimeUnixNano, endTimeUnixNano } = within[0]!;
      expect(BigInt(endTimeUnixNano)).toBeGreaterThan(BigInt(startTimeUnixNano));
    }
    // What it does of itself, as at its start, is of no request, and no trace.
    expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE]));
    expect(collector.resource).toMatchObject({ 'service.name': 'outcome-ledger' });
    expect(collector.received.map(({ path }) => path)).toContain('/v1/traces');
    // What the test below says is not there would be.
    expect(loadedOfTracing()).not.toEqual([]);
  });

  test('a read that waits for what it names shows the wait, and a request without a trace begins one', async () => {
    const traced = await start({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/own/path`,
      OTEL_SERVICE_NAME: 'ledger-of-a-test',
    });
    const registered = await traced.call('POST', '/v1/programmes', { body: PROGRAMME });
    const last = Number(registered.headers.get('ledger-sequence'));
    const waiting = traced.call('GET', `/v1/programmes?minSequence=${last + 1}`);
    await traced.call('POST', '/v1/programmes', {
      body: { ...PROGRAMME, id: 'told-later', name: 'Told later' },
    });
    expect((await waiting).status).toBe(200);
    await traced.stop();

    const [read] = named('GET /v1/programmes');
    expect(read!.parentSpanId ?? '').toBe('');
    expect(read!.traceId).not.toBe(named('POST /v1/programmes')[0]!.traceId);
    const waits = named('wait for projection').filter(({ traceId }) => traceId === read!.traceId);
    expect(waits.map(({ parentSpanId }) => parentSpanId)).toEqual([read!.spanId]);
    expect(collector.received.map(({ path }) => path)).toContain('/own/path');
    expect(collector.resource).toMatchObject({ 'service.name': 'ledger-of-a-test' });
  });

  test('it gets no key, no id, no question and no content; and nothing of who is not let in, or only looks after it', async () => {
    const traced = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    await traced.call('POST', '/v1/programmes', { body: PROGRAMME });
    await traced.call('GET', `/v1/programmes/${PROGRAMME.id}/history?after=0`);
    await traced.call('POST', '/v1/programmes', { body: { ...PROGRAMME, name: 'Another name' } });
    await traced.call('GET', '/health/ready');
    await traced.call('GET', '/metrics');
    await fetch(`${traced.url}/v1/measures`);
    await traced.stop();

    const routes = new Set(collector.spans.map(({ name }) => name));
    expect(routes).toContain('GET /v1/programmes/:id/history');
    for (const name of ['GET /health/ready', 'GET /metrics', 'GET /v1/measures']) {
      expect(routes).not.toContain(name);
    }
    const all = JSON.stringify(collector.received);
    for (const secret of [ADMIN_KEY, PROGRAMME.id, PROGRAMME.name, 'Another name', 'after=0']) {
      expect([secret, all.includes(secret)]).toEqual([secret, false]);
    }
  });

  test('a request that fails is marked, with the kind of fault', async () => {
    const double = await ProtocolDouble.start();
    const traced = await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      LEDGER_ORIGIN: 'ledger.example/log',
      EVENT_STORE_URL: `${double.url}&defaultDeadline=500`,
    });
    await traced.call('POST', '/v1/programmes', { body: PROGRAMME });
    await double.kill();
    const submit = `/v1/programmes/${PROGRAMME.id}/submissions`;
    const headers = { 'idempotency-key': '0b9d2c1e-4a57-4d3c-9f0e-6d1f6b8a2c11' };
    expect((await traced.call('POST', submit, { body: SUBMISSION, headers })).status).toBe(503);
    await traced.stop();
    const [request] = named('POST /v1/programmes/:id/submissions');
    const append = named('append').find(({ parentSpanId }) => parentSpanId === request!.spanId)!;
    expect([request!.status.code, append.status.code]).toEqual([ERROR, ERROR]);
    expect(valuesOf(append)).toEqual({ 'ledger.events': 1, 'error.type': 'StoreUnavailable' });
  });
});

test('where none answers, the ledger serves, says so in its log, and ends in time', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const silent = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(taken.address() as { port: number }).port}`,
    OTEL_BSP_SCHEDULE_DELAY: '10',
  });
  expect((await silent.call('POST', '/v1/programmes', { body: PROGRAMME })).status).toBe(201);
  expect(await silent.stop()).toBe(0);
  taken.close();
});

test('without one nothing of it is loaded', async () => {
  const untraced = await start({});
  const headers = { traceparent: `00-${TRACE}-${CALLER}-01` };
  expect((await untraced.call('POST', '/v1/programmes', { body: PROGRAMME, headers })).status).toBe(201);
  await untraced.stop();
  expect(readFileSync(loadedFile(), 'utf8')).toContain('fastify');
  expect(loadedOfTracing()).toEqual([]);
});

describe('the configuration', () => {
  test.each([
    [{}, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector.example/v1/traces' }, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_SDK_DISABLED: 'true' }, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_TRACES_EXPORTER: 'none' }, false],
  ])('%j asks for traces: %p', (env, asked) => expect(readConfig(env).traces).toBe(asked));

  test('that the SDK could not follow keeps the ledger from starting, and is named', () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: '127.0.0.1:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
    expect(() => readConfig(env)).toThrow(
      /OTEL_EXPORTER_OTLP_ENDPOINT must be an http.*OTEL_EXPORTER_OTLP_PROTOCOL must be http\/json/,
    );
  });
});
