/**
 * The current keys, for checking callers. They follow the events, on every replica. A change of a key holds on
 * this replica when the command is answered, because the command waits until it is projected; on another replica
 * it holds once that one is level. A check costs a hash and a look-up in memory.
 */
import { Injectable } from '@nestjs/common';
import { timingSafeEqual } from 'node:crypto';
import { CatalogueView } from '../read-models/catalogue-view.js';
import { Clock } from '../kernel/clock.js';
import type { Key } from '../domain/key.js';
import { hashOfKey, keyIdIn } from './key-secret.js';
import { KeyUses } from './key-uses.js';
import type { Principal } from '../domain/role.js';

/** Values that are derived once from each state of a key. */
interface HeldKey {
  readonly secret: Buffer;
  readonly previous: { readonly secret: Buffer; readonly untilMs: number } | null;
  readonly expiresMs: number;
  readonly principal: Principal;
}

/** The principal that a key lets in, or why the key is refused. */
export type Admitted =
  { readonly principal: Principal } | { readonly refused: 'unknown' | 'revoked' | 'expired' };

const UNKNOWN: Admitted = { refused: 'unknown' };

@Injectable()
export class KeyRing {
  private readonly held = new WeakMap<Key, HeldKey>();

  constructor(
    private readonly catalogue: CatalogueView,
    private readonly uses: KeyUses,
    private readonly clock: Clock,
  ) {}

  /** @throws NotProjected while the read models cannot be read */
  admit(text: string): Admitted {
    const id = keyIdIn(text);
    const key = id === null ? undefined : this.catalogue.find('key', id);
    if (!key) return UNKNOWN;
    const { secret, previous, expiresMs, principal } = this.hold(key);
    const given = hashOfKey(text);
    const nowMs = this.clock.now();
    const isCurrent = timingSafeEqual(given, secret);
    const isPrevious =
      previous !== null && timingSafeEqual(given, previous.secret) && nowMs < previous.untilMs;
    // Only a caller who has the secret learns that the key was revoked or has expired.
    if (!isCurrent && !isPrevious) return UNKNOWN;
    if (key.status === 'revoked') return { refused: 'revoked' };
    if (nowMs >= expiresMs) return { refused: 'expired' };
    this.uses.note(key.id, nowMs);
    return { principal };
  }

  /** Keys in the order of their ids, beginning after an id. */
  list(after: string, limit: number): readonly Key[] {
    return this.catalogue.list('key', after, limit);
  }

  statusOf({ status, expiresAt }: Key): 'active' | 'expired' | 'revoked' {
    const over = expiresAt !== null && this.clock.now() >= Date.parse(expiresAt);
    return status === 'active' && over ? 'expired' : status;
  }

  private hold(key: Key): HeldKey {
    let held = this.held.get(key);
    if (!held) {
      const { id, role, programmes, expiresAt, secretSha256, previous } = key;
      held = {
        secret: Buffer.from(secretSha256, 'hex'),
        previous: previous && {
          secret: Buffer.from(previous.secretSha256, 'hex'),
          untilMs: Date.parse(previous.until),
        },
        expiresMs: expiresAt === null ? Infinity : Date.parse(expiresAt),
        principal: { actor: `key:${id}`, roles: [role], programmes: new Set(programmes) },
      };
      this.held.set(key, held);
    }
    return held;
  }
}
