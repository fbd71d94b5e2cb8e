/** What a check comes to: the verdict, and what was found on the way to it. */
import type { BundleFigure, BundleScope } from './bundle-format.js';
import type { Stamped } from '../tlog/timestamp.js';

export interface Finding {
  /** Of the event that is not as it must be, where one can be named. */
  readonly sequence?: number;
  readonly what: string;
}

export interface Verdict {
  readonly verdict: 'good' | 'tampered' | 'cannot tell';
  /** Each is proof that something was altered, in the order of the ledger. */
  readonly faults: readonly Finding[];
  /** What could not be checked. */
  readonly doubts: readonly string[];
  /** What is remarkable, and no fault. */
  readonly remarks: readonly Finding[];
  /** What is not shown by a bundle that is good: a part of the ledger is no more than that. */
  readonly limits: readonly string[];
  readonly scope: BundleScope | null;
  readonly figure: BundleFigure | null;
  readonly origin: string | null;
  readonly size: number | null;
  readonly root: string | null;
  readonly events: number;
  readonly erased: number;
  readonly signedBy: readonly string[];
  /** By an authority that the policy names, which says that the checkpoint existed then. */
  readonly stamped: Stamped | null;
}

/** Of faults and remarks, and of what a doubt names. */
export const FINDINGS_MAX = 20;

/** Collects what is found: the first of its kind tell what happened, and more of them do not. */
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
