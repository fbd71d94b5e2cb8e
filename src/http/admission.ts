/**
 * Admission bounds the requests that are being answered, and the bytes of their bodies. Past the bound a request is
 * told at once to come again, so that memory stays flat and requests that were begun are finished. One key can take no
 * more than a quarter of the places, nor more than it leaves free, so that others find room however many keys ask for all
 * that they can have.
 */
import type { Limits } from '../config.js';
import { Problem } from '../api/problem.js';

/** The place of one request among those that are being answered. */
export interface AdmittedPlace {
  /**
   * Takes room for a body, before a byte of it is read. The room is given back with the place.
   * @throws Problem `overloaded`
   */
  takeBody(bytes: number): void;
  /** Gives the place back. Call it once, when the answer is sent or its reader has gone. */
  leave(): void;
}

const SHARE = 4;
const MIB = 1024 * 1024;

export class Admission {
  private readonly requestsMax: number;
  private readonly ofOneMax: number;
  private readonly bytesMax: number;
  private requests = 0;
  private bytes = 0;
  private readonly byActor = new Map<string, number>();

  constructor({ requestsAtOnce, bodiesMib }: Pick<Limits, 'requestsAtOnce' | 'bodiesMib'>) {
    this.requestsMax = requestsAtOnce;
    this.ofOneMax = Math.max(1, Math.floor(requestsAtOnce / SHARE));
    this.bytesMax = bodiesMib * MIB;
  }

  /**
   * @param shares whether the caller is kept to its share; the admin may take all places
   * @throws Problem `overloaded`
   */
  enter(actor: string, shares: boolean): AdmittedPlace {
    const ofActor = this.byActor.get(actor) ?? 0;
    if (this.requests >= this.requestsMax)
      throw overloaded('too many requests are being answered now: ask again');
    if (shares && ofActor >= Math.min(this.ofOneMax, this.requestsMax - this.requests)) {
      throw overloaded(`${ofActor} requests with this key are being answered now: wait for one of them`);
    }
    this.requests++;
    this.byActor.set(actor, ofActor + 1);
    let held = 0;
    return {
      takeBody: (bytes) => {
        if (this.bytes > 0 && this.bytes + bytes > this.bytesMax) {
          throw overloaded('too many large bodies are being received now: send it again');
        }
        this.bytes += bytes;
        held += bytes;
      },
      leave: () => {
        this.bytes -= held;
        this.requests--;
        const left = this.byActor.get(actor)! - 1;
        if (left === 0) this.byActor.delete(actor);
        else this.byActor.set(actor, left);
      },
    };
  }
}

function overloaded(detail: string): Problem {
  return new Problem('overloaded', detail, { headers: { 'retry-after': '1' } });
}
