/**
 * A ledger through thousands of random steps: submissions, retries, corrections and withdrawals, several at a time,
 * while it is killed, stopped, its disk fails and its clock jumps. Everything follows from one seed, but for the
 * moments at which a kill or a fault meets what is under way.
 *
 * Of a request that got no answer it is open whether it was carried out. It is sent again until it is answered, as
 * clients do: then the model knows, and whatever is answered must be what the rules say.
 */
import { expect, jest } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { FaultyMachine } from '../support/faulty-machine.js';
import { DrivenLedger, type Answer } from './driven-ledger.js';
import { Model, type Requested } from './model.js';

const { randomFrom } = jest.requireActual<{ randomFrom: (seed: number) => () => number }>(
  '../faults/hammer.js',
);

const PROGRAMME = 'lipid-management';
const MEASURE = 'jobs';
const CATALOGUE = [
  {
    kind: 'register-programme',
    programmeId: PROGRAMME,
    details: { name: PROGRAMME, startedOn: '2020-04-01' },
  },
  {
    kind: 'define-measure',
    measureId: MEASURE,
    definition: {
      label: MEASURE,
      unit: 'jobs',
      kind: 'flow',
      eventType: 'JobCreated',
      countsPeople: false,
      rollsUpInto: null,
    },
  },
];
const DAY_S = 86_400;
const AT_A_TIME_MAX = 6;
const ATTEMPTS_MAX = 50;

/** What was asked of the past, to be asked again later. */
interface Remembered {
  readonly sequence: number;
  readonly figure: Model['figure'];
}

export interface Counts {
  steps: number;
  requests: number;
  unanswered: number;
  kills: number;
  stops: number;
  faults: number;
  clockJumps: number;
  figures: number;
}

export class Simulation {
  readonly model = new Model();
  readonly counts: Counts = {
    steps: 0,
    requests: 0,
    unanswered: 0,
    kills: 0,
    stops: 0,
    faults: 0,
    clockJumps: 0,
    figures: 0,
  };
  private readonly random: () => number;
  private ledger: DrivenLedger | null = null;
  private restarting: Promise<void> | null = null;
  private submissions = 0;
  private readonly past: Remembered[] = [];

  constructor(
    private readonly dataDir: string,
    seed: number,
    /** Null where there is no compiler to make one with. */
    private readonly machine: FaultyMachine | null,
  ) {
    this.random = randomFrom(seed);
  }

  async run(steps: number): Promise<void> {
    await this.start();
    for (const request of CATALOGUE)
      expect(await this.ledger!.ask('change', request)).toHaveProperty('result');
    for (; this.counts.steps < steps; this.counts.steps++) await this.step();
    await this.compareFigures();
    await this.ledger!.stop();
  }

  private async step(): Promise<void> {
    const chance = this.random();
    if (chance < 0.02) await this.killAtWork();
    else if (chance < 0.03) await this.stop();
    else if (chance < 0.06 && this.machine) await this.breakDisk();
    else if (chance < 0.07 && this.machine) this.moveClock();
    else if (chance < 0.1) await this.compareFigures();
    else await this.work();
  }

  /** Requests of different submissions at once, each until it is answered. */
  private async work(): Promise<void> {
    const requests = new Map<number, Requested>();
    const count = 1 + this.pick(AT_A_TIME_MAX);
    for (let at = 0; at < count; at++) {
      const request = this.request();
      if (!requests.has(request.submission)) requests.set(request.submission, request);
    }
    const made = [...requests.values()];
    const answers = await Promise.all(made.map((request) => this.send(request)));
    for (const [index, request] of made.entries()) await this.settle(request, answers[index]!);
  }

  private request(): Requested {
    const kind = this.random();
    const change = { line: 1, expectedVersion: 0 };
    if (this.submissions === 0 || kind < 0.45) {
      const quantities = Array.from({ length: 1 + this.pick(3) }, () => 1 + this.pick(1_000));
      return { kind: 'submit', submission: ++this.submissions, quantities, ...change };
    }
    const submission = 1 + this.pick(this.submissions);
    const versions = this.model.versionsOf(submission);
    if (kind < 0.6 || versions.length === 0) {
      // The same again, or something else under the same key.
      const same = this.model.isRecorded(submission) ? this.model.quantitiesOf(submission) : [7];
      const quantities = this.random() < 0.8 ? same : [...same, 1];
      return { kind: 'submit', submission, quantities, ...change };
    }
    const line = 1 + this.pick(versions.length);
    // As a rule the version that it is at; sometimes one that it was at, or never was.
    const expectedVersion = this.random() < 0.8 ? versions[line - 1]! : this.pick(versions[line - 1]! + 2);
    const isCorrection = kind < 0.85;
    const quantities = [1 + this.pick(1_000)];
    return { kind: isCorrection ? 'correct' : 'withdraw', submission, quantities, line, expectedVersion };
  }

  private send({ kind, submission, quantities, line, expectedVersion }: Requested): Promise<Answer> {
    this.counts.requests++;
    const submissionId = `00000000-0000-4000-8000-${String(submission).padStart(12, '0')}`;
    const contents = quantities.map(contentOf);
    const change = { submissionId, line, expectedVersion, reason: 'recount', within: null };
    const request =
      kind === 'submit'
        ? { kind, submissionId, programmeId: PROGRAMME, outcomes: contents }
        : { kind, ...change, ...(kind === 'correct' && { content: contents[0] }) };
    return this.ledger!.ask('record', request);
  }

  private async settle(request: Requested, first: Answer): Promise<void> {
    let answer = first;
    let isOpen = false;
    for (let attempt = 0; 'lost' in answer || 'unavailable' in answer; attempt++) {
      this.counts.unanswered++;
      isOpen = true;
      if (attempt === ATTEMPTS_MAX) throw new Error(`never answered: ${JSON.stringify([request, answer])}`);
      if ('lost' in answer || attempt > 1) await this.restart();
      answer = await this.send(request);
    }
    const expected = this.model.expected(request);
    const told = 'refused' in answer ? answer.refused : (answer.result as { repeated: boolean }).repeated;
    const says = told === true ? 'repeated' : told === false ? 'done' : told;
    // What got no answer before may have been carried out then.
    const allowed = isOpen && expected === 'done' ? ['done', 'repeated'] : [expected];
    if (!allowed.includes(says)) throw new Error(`${says}, not ${expected}: ${JSON.stringify(request)}`);
    if (expected === 'done') this.model.apply(request);
  }

  private async killAtWork(): Promise<void> {
    this.counts.kills++;
    const working = this.work();
    await delay(this.pick(8));
    await Promise.all([working, this.ledger!.kill()]);
    if (this.ledger!.isGone) await this.restart();
  }

  private async stop(): Promise<void> {
    this.counts.stops++;
    await this.ledger!.stop();
    await this.start();
  }

  /** Some of the next writes or flushes fail; then the disk is well again. */
  private async breakDisk(): Promise<void> {
    this.counts.faults++;
    const what = this.random() < 0.6 ? 'writes' : 'flushes';
    const error = this.random() < 0.5 ? 'EIO' : 'ENOSPC';
    this.machine!.fail({ what, error, passing: this.pick(6), failing: 1 + this.pick(3) });
    await this.work();
    this.machine!.heal();
  }

  private moveClock(): void {
    this.counts.clockJumps++;
    this.machine!.moveClock((this.pick(3) - 1) * DAY_S);
  }

  private async compareFigures(): Promise<void> {
    this.counts.figures++;
    const now = await this.figureAt(undefined);
    expect(now.figure).toEqual(this.model.figure);
    expect(now.sequence + 1).toBe(CATALOGUE.length + this.model.events);
    const remembered = this.past[this.pick(this.past.length)];
    if (remembered) expect((await this.figureAt(remembered.sequence)).figure).toEqual(remembered.figure);
    this.past.push(now);
  }

  private async figureAt(sequence: number | undefined): Promise<Remembered> {
    if (this.model.events === 0) return { sequence: CATALOGUE.length - 1, figure: this.model.figure };
    const answer = await this.ledger!.ask('total', { measure: MEASURE, sequence });
    if (!('result' in answer)) throw new Error(`no figure: ${JSON.stringify(answer)}`);
    const { sequence: at, ...figure } = answer.result as { sequence: number } & Model['figure'];
    return { sequence: at, figure };
  }

  /** Several may find at once that it is gone. */
  private restart(): Promise<void> {
    this.restarting ??= this.ledger!.kill()
      .then(() => this.start())
      .finally(() => (this.restarting = null));
    return this.restarting;
  }

  private pick(count: number): number {
    return Math.floor(this.random() * count);
  }

  private async start(): Promise<void> {
    this.machine?.heal();
    const ledger = await DrivenLedger.start(this.dataDir, this.machine?.env ?? {});
    if (!ledger) throw new Error('the ledger does not start');
    this.ledger = ledger;
  }
}

const contentOf = (quantity: number) => ({
  measureId: MEASURE,
  quantity,
  effective: { from: '2023-05-01', to: '2023-05-31' },
  basis: 'counted',
});
