/**
 * A ledger through thousands of random steps: submissions, retries, corrections and withdrawals, several at a time,
 * while it is killed, stopped, its store fails and its clock jumps. It is one process with its embedded store, or
 * several replicas of one store, each with a clock of its own. Everything follows from one seed, but for the moments
 * at which a kill or a fault meets what is under way.
 *
 * Of a request that got no answer it is open whether it was carried out. It is sent again until it is answered, as
 * clients do, to any replica: then the model knows, and whatever is answered must be what the rules say. Of two that
 * met on one submission, the answers must be what the rules say to the one after the other, in one order or the other.
 */
import { expect, jest } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from './driven-ledger.js';
import { Model, type Requested } from './model.js';
import type { Replica } from './replica.js';

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
/** A clock that moves further, from one of its places to another, is not followed. */
const CLOCK_MOVES_S = 1_700;
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
  /** That the store met. */
  faults: number;
  clockJumps: number;
  meetings: number;
  figures: number;
}

/** What a request came to, after as many attempts as it took. */
interface Told {
  readonly request: Requested;
  /** A refusal, `done` or `repeated`. */
  readonly says: string;
  /** An attempt got no answer, and may have been carried out. */
  readonly isOpen: boolean;
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
    meetings: 0,
    figures: 0,
  };
  private readonly random: () => number;
  private submissions = 0;
  private readonly past: Remembered[] = [];

  constructor(
    private readonly replicas: readonly Replica[],
    seed: number,
    /** Has something go wrong with the store while the work is done, and says if it did; null where nothing can. */
    private readonly breakStore:
      ((random: () => number, work: () => Promise<void>) => Promise<boolean>) | null,
  ) {
    this.random = randomFrom(seed);
  }

  async run(steps: number): Promise<void> {
    await Promise.all(this.replicas.map((replica) => replica.start()));
    for (const request of CATALOGUE)
      expect(await this.replicas[0]!.ask('change', request)).toHaveProperty('result');
    for (; this.counts.steps < steps; this.counts.steps++) await this.step();
    for (const replica of this.replicas) await this.compareFigures(replica);
    for (const replica of this.replicas) await replica.stop();
  }

  private async step(): Promise<void> {
    const chance = this.random();
    if (chance < 0.02) await this.killAtWork();
    else if (chance < 0.03) await this.stop();
    else if (chance < 0.06 && this.breakStore) {
      if (await this.breakStore(this.random, () => this.work())) this.counts.faults++;
    } else if (chance < 0.07) this.moveClock();
    else if (chance < 0.1) await this.compareFigures(this.anyReplica());
    else if (chance < 0.2) await this.meet();
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
    const told = await Promise.all([...requests.values()].map((request) => this.ask(request)));
    for (const one of told) this.hold([one]);
  }

  /** Two requests about one submission at once, the same or not, to any of the replicas. */
  private async meet(): Promise<void> {
    this.counts.meetings++;
    const one = this.request();
    const other = { ...one, quantities: one.quantities.map((quantity) => quantity + this.pick(2)) };
    const kind = one.kind === 'submit' || this.random() < 0.7 ? one.kind : 'withdraw';
    this.hold(await Promise.all([this.ask(one), this.ask({ ...other, kind })]));
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

  private send(replica: Replica, request: Requested): Promise<Answer> {
    const { kind, submission, quantities, line, expectedVersion } = request;
    this.counts.requests++;
    const submissionId = `00000000-0000-4000-8000-${String(submission).padStart(12, '0')}`;
    const contents = quantities.map(contentOf);
    const change = { submissionId, line, expectedVersion, reason: 'recount', within: null };
    const asked =
      kind === 'submit'
        ? { kind, submissionId, programmeId: PROGRAMME, outcomes: contents }
        : { kind, ...change, ...(kind === 'correct' && { changes: contents[0] }) };
    return replica.ask('record', asked);
  }

  /** As a client does: again until it is answered, of any replica. */
  private async ask(request: Requested): Promise<Told> {
    for (let attempt = 0; ; attempt++) {
      const replica = this.anyReplica();
      const answer = await this.send(replica, request);
      const isOpen = attempt > 0;
      if ('refused' in answer) return { request, says: answer.refused, isOpen };
      if ('result' in answer) {
        const { repeated } = answer.result as { repeated: boolean };
        return { request, says: repeated ? 'repeated' : 'done', isOpen };
      }
      this.counts.unanswered++;
      if (attempt === ATTEMPTS_MAX) throw new Error(`never answered: ${JSON.stringify([request, answer])}`);
      if ('lost' in answer || attempt > 1) await replica.restart();
    }
  }

  /** To the rules: what was told must follow from what was known, in one order or the other. */
  private hold(told: readonly Told[]): void {
    const inOrder = [told, told.toReversed()].find((order) => {
      const model = this.model.of(order[0]!.request.submission);
      return order.every(({ request, says, isOpen }) => {
        const expected = model.expected(request);
        if (expected === 'done') model.apply(request);
        // What got no answer before may have been carried out then.
        return says === expected || (isOpen && expected === 'done' && says === 'repeated');
      });
    });
    if (!inOrder) {
      const expected = told.map(({ request }) => this.model.expected(request));
      throw new Error(`not as the rules say, which is ${expected.join(' or ')}: ${JSON.stringify(told)}`);
    }
    for (const { request } of inOrder) if (this.model.expected(request) === 'done') this.model.apply(request);
  }

  private async killAtWork(): Promise<void> {
    this.counts.kills++;
    const replica = this.anyReplica();
    const working = this.work();
    await delay(this.pick(8));
    await Promise.all([working, replica.kill()]);
    if (replica.isGone) await replica.restart();
  }

  private async stop(): Promise<void> {
    this.counts.stops++;
    const replica = this.anyReplica();
    await replica.stop();
    await replica.start();
  }

  private moveClock(): void {
    const { machine } = this.anyReplica();
    if (!machine) return;
    this.counts.clockJumps++;
    machine.moveClock((this.pick(3) - 1) * CLOCK_MOVES_S);
  }

  private async compareFigures(replica: Replica): Promise<void> {
    this.counts.figures++;
    const now = await this.figureAt(replica, undefined);
    expect(now.figure).toEqual(this.model.figure);
    expect(now.sequence + 1).toBe(CATALOGUE.length + this.model.events);
    const remembered = this.past[this.pick(this.past.length)];
    if (remembered)
      expect((await this.figureAt(replica, remembered.sequence)).figure).toEqual(remembered.figure);
    this.past.push(now);
  }

  private async figureAt(replica: Replica, sequence: number | undefined): Promise<Remembered> {
    const least = CATALOGUE.length + this.model.events - 1;
    if (this.model.events === 0) return { sequence: least, figure: this.model.figure };
    for (let attempt = 0; ; attempt++) {
      const answer = await replica.ask('total', { measure: MEASURE, sequence, least });
      if ('result' in answer) {
        const { sequence: at, ...figure } = answer.result as { sequence: number } & Model['figure'];
        return { sequence: at, figure };
      }
      if (attempt === ATTEMPTS_MAX || !('unavailable' in answer))
        throw new Error(`no figure: ${JSON.stringify(answer)}`);
    }
  }

  private anyReplica(): Replica {
    return this.replicas[this.pick(this.replicas.length)]!;
  }

  private pick(count: number): number {
    return Math.floor(this.random() * count);
  }
}

const contentOf = (quantity: number) => ({
  measureId: MEASURE,
  quantity,
  effective: { from: '2023-05-01', to: '2023-05-31' },
  basis: 'counted',
});
