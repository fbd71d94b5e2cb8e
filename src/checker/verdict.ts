/**
 * The result of a check: the verdict, and the findings that it rests on.
 */
import type { BundleFigure, BundleScope } from './bundle-format.js';
import type { Stamped } from '../tlog/timestamp.js';

export interface Finding {
  /** The sequence of the event that is wrong, where one can be named. */
  readonly sequence?: number;
  readonly what: string;
}

/** An erasure that is shown: whose words went by whose order. */
export interface ErasureTold {
  readonly sequence: number;
  readonly outcome: string;
  readonly authorisedBy: string;
  readonly actor: string;
}

export interface Verdict {
  readonly verdict: 'good' | 'tampered' | 'cannot tell';
  /** Findings that each prove an alteration, in the order of the ledger. */
  readonly faults: readonly Finding[];
  /** Reasons why something could not be checked. */
  readonly doubts: readonly string[];
  /** Observations that are no faults. */
  readonly remarks: readonly Finding[];
  /** Things that even a good bundle does not show: a part of the ledger proves no more than that part. */
  readonly limits: readonly string[];
  readonly scope: BundleScope | null;
  readonly figure: BundleFigure | null;
  readonly origin: string | null;
  readonly size: number | null;
  readonly root: string | null;
  readonly events: number;
  /** How many events have lost their words. */
  readonly erased: number;
  readonly erasures: readonly ErasureTold[];
  readonly signedBy: readonly string[];
  /** The stamp by an authority that the policy names, by which the checkpoint existed at a time. */
  readonly stamped: Stamped | null;
}

/** So many faults and remarks are kept, and so many events are named in a doubt. */
export const FINDINGS_MAX = 20;

/** Collects findings. The first ones show what happened, so that more of them are dropped. */
export class Findings implements Pick<Verdict, 'verdict' | 'faults' | 'doubts' | 'remarks'> {
  readonly faults: Finding[] = [];
  readonly doubts: string[] = [];
  readonly remarks: Finding[] = [];

  fault(what: string, sequence?: number): void {
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
