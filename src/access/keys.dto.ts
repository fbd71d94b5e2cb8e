/** The shapes that the calls about keys take and answer. */
import { ArrayMaxSize, IsArray, IsIn, Matches } from 'class-validator';
import { Instant, ListOf } from '../api/answers.js';
import { Describe, DigitsText, Nullable, Optional, PlainText, WholeNumber } from '../api/decorators.js';
import { MayOverride } from '../api/personal-data.dto.js';
import { KEY_ID } from '../kernel/ids.js';
import { ReadQueryDto } from '../api/query.dto.js';
import { ROLES, type Role } from '../kernel/provenance.js';

const NAME_MAX = 200;
const TEXT_MAX = 2_000;
const PROGRAMMES_MAX = 100;
const OVERLAP_SECONDS_MAX = 30 * 86_400;
const KEY_TEXT = /^ledger_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/;
const KEY_EXAMPLE = `ledger_5f0c1b7a9d3e2468_${'x'.repeat(43)}`;
/** A slug, with its length. */
const PROGRAMME = /^(?=.{1,64}$)[a-z0-9]+(?:-[a-z0-9]+)*$/u;
const A_PROGRAMME = { each: true, message: 'must be ids of programmes' };

export class CreateKeyDto extends MayOverride {
  @Describe('What it is for: a system or a team, not a person.', 'Quarterly returns')
  @PlainText({ max: NAME_MAX })
  name!: string;

  @Describe('What it lets do.', 'programme')
  @IsIn(ROLES)
  role!: Role;

  @Optional('The programmes that it is kept to: with the role `programme`, and with no other.', [
    'lipid-management',
  ])
  @IsArray()
  @ArrayMaxSize(PROGRAMMES_MAX)
  @Matches(PROGRAMME, A_PROGRAMME)
  programmes?: string[];

  @Optional('When it stops to be taken; left out, never.', '2999-04-01T00:00:00Z')
  @Instant()
  expiresAt?: string;
}

export class RotateKeyDto extends MayOverride {
  @Describe('Why it gets another secret.', 'the yearly change')
  @PlainText({ max: TEXT_MAX })
  reason!: string;

  @Optional('For so many seconds the secret before it is taken too; left out, not at all.', 3_600)
  @WholeNumber({ min: 0, max: OVERLAP_SECONDS_MAX })
  overlapSeconds?: number;
}

export class RevokeKeyDto extends MayOverride {
  @Describe('Why it is taken back.', 'its system was switched off')
  @PlainText({ max: TEXT_MAX })
  reason!: string;
}

export class KeyListQueryDto extends ReadQueryDto {
  @Optional('Keys after this one; the `next` of the page before.')
  @Matches(KEY_ID, { message: 'must be the id of a key' })
  after?: string;

  @Optional('Keys on a page, up to 500.')
  @DigitsText({ min: 1, max: 500 })
  limit?: string;
}

export class KeyView {
  @Describe('Events name it as their actor: `key:<id>`.', '5f0c1b7a9d3e2468')
  @Matches(KEY_ID)
  readonly id!: string;

  @Describe('What it is for.', 'Quarterly returns')
  @PlainText({ max: NAME_MAX })
  readonly name!: string;

  @Describe('What it lets do.', 'programme')
  @IsIn(ROLES)
  readonly role!: Role;

  @Describe('The programmes that it is kept to.', ['lipid-management'])
  @IsArray()
  @Matches(PROGRAMME, { each: true })
  readonly programmes!: readonly string[];

  @Describe('Whether it is taken.', 'active')
  @IsIn(['active', 'expired', 'revoked'])
  readonly status!: 'active' | 'expired' | 'revoked';

  @Nullable('When it stops to be taken; null where it does not.', '2999-04-01T00:00:00.000Z')
  @Instant()
  readonly expiresAt!: string | null;

  @Nullable('The day, in UTC, on which this replica last saw it used; null where it never did.', '2023-07-04')
  @Matches(/^\d{4}-\d{2}-\d{2}$/)
  readonly lastUsedOn!: string | null;
}

export class KeyListView {
  @Describe('In order of id.')
  @ListOf(() => KeyView)
  readonly keys!: readonly KeyView[];

  @Nullable('The `after` of the next page; null on the last.', '5f0c1b7a9d3e2468')
  @Matches(KEY_ID)
  readonly next!: string | null;
}

export class KeyRevokedView {
  @Describe('The key.', '5f0c1b7a9d3e2468')
  @Matches(KEY_ID)
  readonly id!: string;

  @Describe('Of the event that says so.', 41)
  @WholeNumber({ min: 0 })
  readonly sequence!: number;
}

export class KeySecretView extends KeyRevokedView {
  @Describe('The key itself, shown this once: the ledger keeps its SHA-256 only.', KEY_EXAMPLE)
  @Matches(KEY_TEXT)
  readonly key!: string;
}
