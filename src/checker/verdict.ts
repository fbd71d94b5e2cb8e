/** A check ends in a verdict, and the findings that it rests on. */
import type { BundleFigure, BundleScope } from './bundle-format.js';
import type { Stamped } from '../tlog/timestamp.js';

export interface Finding {
  /** The sequence of the event that is wrong, where one can be named. */
  readonly sequence?: number;
  readonly what: string;
}

export interface ErasureTold {
  readonly sequence: number;
  readonly outcome: string;
  readonly authorisedBy: string;
  readonly actor: string;
}

export interface Verdict {
  readonly verdict: 'good' | 'tampered' | 'cannot tell';
  /** Each fault proves an alteration; they are in the order of the ledger. */
  readonly faults: readonly Finding[];
  /** Each doubt says what could not be checked, and why. */
  readonly doubts: readonly string[];
  /** Remarks are observations that are no faults. */
  readonly remarks: readonly Finding[];
  /** Even a good bundle does not show these things: a part of the ledger proves no more than that part. */
  readonly limits: readonly string[];
  readonly scope: BundleScope | null;
  readonly figure: BundleFigure | null;
  readonly origin: string | null;
  readonly size: number | null;
  readonly root: string | null;
  readonly events: number;
  readonly erased: number;
  readonly erasures: readonly ErasureTold[];
  readonly signedBy: readonly string[];
  /** An authority that the policy names stamped the checkpoint, which existed by then. */
  readonly stamped: Stamped | null;
}

export const FINDINGS_MAX = 20;

/** The first findings show what happened, so that more of them are dropped. */
export class Findings implements Pick<Verdict, 'verdict' | 'faults' | 'doubts' | 'remarks'> {
  readonly faults: Finding[] = [];
  readonly doubts: string[] = [];
  readonly remarks: Finding[] = [];

  /** @param sequence that of the event that all is about, where there is one */
  constructor(private readonly sequence?: number) {}

  fault(what: string, sequence = this.sequence): void {
    if (this.faults.length < FINDINGS_MAX) this.faults.push(found(what, sequence));
  }

  doubt(what: string): void {
    this.doubts.push(what);
  }

  remark(what: string, sequence?: number): void {
    if (this.remarks.length < FINDINGS_MAX) this.remarks.push(found(what, sequence));
  }

  get verdict(): Verdict['verdict'] {
    return this.faults.length > 0 ? 'tampered' : this.doubts.length > 0 ? 'cannot tell' : 'good';
  }
}

function found(what: string, sequence?: number): Finding {
  return { ...(sequence !== undefined && { sequence }), what };
}
