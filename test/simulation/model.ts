/**
 * The rules, small enough to be right at a glance: submissions of counted outcomes, each with the versions that it
 * had. What the ledger answers is held against it.
 */
export interface Requested {
  readonly kind: 'submit' | 'correct' | 'withdraw';
  readonly submission: number;
  /** Of a submission: each of its outcomes. */
  readonly quantities: readonly number[];
  /** Of a change: which outcome, from 1, and from which version it sets out. */
  readonly line: number;
  readonly expectedVersion: number;
}

/** The quantity of each version of one outcome; null once it is withdrawn. */
type Versions = (number | null)[];

export class Model {
  private readonly submissions = new Map<number, Versions[]>();

  /** What the rules say to a request: the refusal that it gets, or `done` or `repeated`. */
  expected(request: Requested): string {
    const known = this.submissions.get(request.submission);
    if (request.kind === 'submit') {
      if (!known) return 'done';
      return sameAs(known, request.quantities) ? 'repeated' : 'idempotency-key-reused';
    }
    const versions = known?.[request.line - 1];
    if (!versions) return 'outcome-unknown';
    const made = versions[request.expectedVersion + 1];
    if (made !== undefined && made === quantityOf(request)) return 'repeated';
    if (request.expectedVersion !== versions.length - 1) return 'outcome-version-stale';
    const standing = versions.at(-1);
    if (standing === null) return 'outcome-withdrawn';
    return standing === quantityOf(request) ? 'nothing-to-correct' : 'done';
  }

  /** What it knows of one submission, to try what would follow. */
  of(submission: number): Model {
    const copy = new Model();
    const known = this.submissions.get(submission);
    if (known) copy.submissions.set(submission, structuredClone(known));
    return copy;
  }

  /** It was carried out. */
  apply(request: Requested): void {
    const known = this.submissions.get(request.submission);
    if (request.kind !== 'submit') known![request.line - 1]!.push(quantityOf(request));
    else if (!known)
      this.submissions.set(
        request.submission,
        request.quantities.map((quantity) => [quantity]),
      );
  }

  isRecorded(submission: number): boolean {
    return this.submissions.has(submission);
  }

  /** How many outcomes a submission has, and which version each is at. */
  versionsOf(submission: number): readonly number[] {
    return this.submissions.get(submission)?.map((versions) => versions.length - 1) ?? [];
  }

  quantitiesOf(submission: number): readonly number[] {
    return this.submissions.get(submission)!.map(([first]) => first!);
  }

  get figure(): { readonly total: number | null; readonly outcomes: number } {
    const standing = [...this.submissions.values()]
      .flat()
      .map((versions) => versions.at(-1)!)
      .filter((quantity) => quantity !== null);
    const total = standing.length === 0 ? null : standing.reduce((one, other) => one + other, 0);
    return { total, outcomes: standing.length };
  }

  get events(): number {
    return [...this.submissions.values()].flat(2).length;
  }
}

const quantityOf = ({ kind, quantities }: Requested) => (kind === 'withdraw' ? null : quantities[0]!);

const sameAs = (known: readonly Versions[], quantities: readonly number[]) =>
  known.length === quantities.length && known.every(([first], index) => first === quantities[index]);
