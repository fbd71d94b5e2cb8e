/**
 * Another caller asks for as much as the ledger answers, over and over, and a client with a key of its own reads an
 * entry of the catalogue meanwhile: its latency is compared with that on the same ledger when nobody else asks.
 *
 * The ledger has 6,500 organisations, as many as there are GP practices, 500 programmes, and 200 measures, of which
 * one has an outcome of each organisation in each year from 2018-19 to 2050-51, and one is the whole of all others.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { submissionDecider } from '../src/domain/submission.js';
import { parseCalendarDate } from '../src/kernel/financial-year.js';
import {
  parseMeasureId,
  parseOrganisationId,
  parseProgrammeId,
  parseSubmissionId,
  submissionStream,
} from '../src/kernel/ids.js';
import { runDecider } from '../src/store/run-decider.js';
import type { StoreLocation } from '../src/store/open-store.js';
import { openStore } from '../src/store/open-store.js';
import { flow, HistoryClock, OUTCOMES_A_SUBMISSION, PROVENANCE, registerCatalogue } from './history.js';
import type { LoadResult } from './load.js';
import { Server } from './processes.js';

export interface Seen extends Pick<LoadResult, 'p50Ms' | 'p99Ms' | 'maxMs'> {
  readonly what: string;
  /** How many answers the other caller got. */
  readonly answers: number;
  /** The longest work of the event loop's thread between two looks; null where the system cannot tell. */
  readonly workMaxMs: number | null;
}

const named = (name: string, length: number) => Array.from({ length }, (_, index) => `${name}-${index + 1}`);

const ORGANISATIONS = named('practice', 6_500).map(parseOrganisationId);
const PROGRAMMES = named('programme', 500).map(parseProgrammeId);
const MEASURES = named('measure', 200).map(parseMeasureId);
const [WHOLE, MEASURE] = MEASURES;
const FIRST_YEAR = 2018;
const LAST_YEAR = 2050;
const TODAY = parseCalendarDate('2051-03-31');

/** A text that is slow to look at, as a note of an outcome. */
const SLOW_TEXT = 'SW1A 1AA '.padEnd(2_000, '\u0301\u0323');
const ROWS_OF_TRIAL = 2_000;

interface Asked {
  readonly path: string;
  readonly body?: string;
}

const QUESTIONS: Readonly<Record<string, Asked | null>> = {
  nothing: null,
  'figures of eight years by organisation': {
    path: `/v1/totals/annual?measure=${MEASURE}&to=2025-26&groupBy=organisation`,
  },
  'totals since 2018-19 by organisation, through 2030-31': {
    path: `/v1/totals/since?measure=${MEASURE}&through=2030-31&groupBy=organisation`,
  },
  'figures of all years and 200 parts': { path: `/v1/totals/annual?measure=${WHOLE}` },
  'all changes since the beginning': { path: `/v1/totals/changes?measure=${WHOLE}&earlier=0&limit=500` },
  'outcomes behind a figure': { path: `/v1/outcomes?measure=${WHOLE}&limit=500` },
  'a proof of all figures': { path: `/v1/figures/proof?measure=${WHOLE}` },
  'a trial of 2,000 rows with slow texts': {
    path: `/v1/programmes/${PROGRAMMES[0]}/imports?dryRun=true`,
    body: `${JSON.stringify({
      measure: MEASURE,
      quantity: 1,
      effective: { from: '2023-06-01' },
      basis: 'counted',
      note: SLOW_TEXT,
    })}\n`.repeat(ROWS_OF_TRIAL),
  },
};

export async function measureOthers(location: StoreLocation, seconds: number): Promise<Seen[]> {
  await makePractices(location);
  const server = await Server.start(location);
  await server.untilChecked();
  const key = await keyOfReader(server);
  const seen: Seen[] = [];
  for (const [what, asked] of Object.entries(QUESTIONS)) {
    const over = new AbortController();
    const asking = asked ? askUntil(server, asked, over.signal) : Promise.resolve(0);
    await server.usage();
    const send = { paths: [`/v1/measures/${MEASURE}`] };
    const { p50Ms, p99Ms, maxMs } = await server.load({ connections: 1, seconds, send, key });
    const { workMaxMs } = await server.usage();
    over.abort();
    seen.push({ what, p50Ms, p99Ms, maxMs, answers: await asking, workMaxMs });
    // Work whose caller has gone ends at its next turn.
    await delay(500);
  }
  await server.stop();
  return seen;
}

async function askUntil({ url, adminKey }: Server, { path, body }: Asked, signal: AbortSignal) {
  const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/x-ndjson' };
  for (let answers = 0; ; answers++) {
    try {
      const answer = await fetch(url + path, { headers, signal, ...(body && { method: 'POST', body }) });
      if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}: ${await answer.text()}`);
      await answer.arrayBuffer();
    } catch (error) {
      if (signal.aborted) return answers;
      throw error;
    }
  }
}

async function keyOfReader({ url, adminKey }: Server): Promise<string> {
  const answer = await fetch(`${url}/v1/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'reader', role: 'reporter' }),
  });
  const { key } = (await answer.json()) as { key: string };
  return key;
}

async function makePractices(location: StoreLocation): Promise<void> {
  const store = await openStore(location);
  const clock = new HistoryClock(1_000);
  const measures = MEASURES.map((id) => ({
    ...flow,
    id,
    label: id,
    eventType: `Of${id.replace('-', '')}`,
    rollsUpInto: id === WHOLE ? null : WHOLE!,
  }));
  const catalogue = { programmes: PROGRAMMES, organisations: ORGANISATIONS, measures };
  const facts = await registerCatalogue(store, clock, catalogue);
  for (let year = FIRST_YEAR; year <= LAST_YEAR; year++) {
    const day = parseCalendarDate(`${year}-06-01`);
    for (let first = 0; first < ORGANISATIONS.length; first += OUTCOMES_A_SUBMISSION) {
      const submissionId = parseSubmissionId(randomUUID());
      const outcomes = ORGANISATIONS.slice(first, first + OUTCOMES_A_SUBMISSION).map((organisationId) => ({
        measureId: MEASURE!,
        organisationId,
        quantity: 1 + (first % 97),
        effective: { from: day, to: day },
        basis: 'counted' as const,
      }));
      const command = {
        kind: 'submit',
        submissionId,
        programmeId: PROGRAMMES[0]!,
        outcomes,
        facts: { ...facts, programme: facts.programmes[0]!, today: TODAY },
      } as const;
      const how = {
        stream: submissionStream(submissionId),
        command,
        provenance: PROVENANCE,
        expectNew: true,
      };
      await runDecider({ store, clock }, submissionDecider, how);
    }
  }
  await store.close();
}
