/**
 * The ledger's events are answered as CloudEvents 1.0 in JSON format. The ledger's own values stand in extension
 * attributes, whose names CloudEvents keeps to lower-case letters and digits.
 */
import { IsIn, IsUUID, Matches } from 'class-validator';
import { Instant, ListOf, OneOf } from './answers.js';
import { Describe, Nullable, Optional, PlainText, WholeNumber } from './decorators.js';
import type { EventData } from '../kernel/event-data.js';
import { ROLES } from '../kernel/provenance.js';
import { EVENT_DATA } from './event-data.views.js';
import { EVENT_TYPE } from './outcome.dto.js';

export const EVENT_SOURCE = 'urn:outcome-ledger';
const SALT = /^[A-Za-z0-9_-]{22}$/;
const HASH = /^[0-9a-f]{64}$/;
export const EVENT_SCHEMA_PREFIX = 'urn:outcome-ledger:schema:';

export class CloudEvent {
  @Describe('Of CloudEvents.', '1.0')
  @IsIn(['1.0'])
  readonly specversion!: '1.0';

  @Describe('A UUID; with `source` it is unique.', '5d0f7c52-93c1-5b1e-8a66-0f2b8f7f3c11')
  @IsUUID()
  readonly id!: string;

  @Describe('This ledger.', EVENT_SOURCE)
  @IsIn([EVENT_SOURCE])
  readonly source!: string;

  @Describe('What happened; outcomes have the type that their measure names.', 'PatientBenefited')
  @Matches(EVENT_TYPE)
  readonly type!: string;

  @Describe('The outcome, or else the stream, that it is about.', '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f.1')
  @PlainText({ max: 200 })
  readonly subject!: string;

  @Describe('When it was recorded, by the clock of the process that did.', '2023-07-04T09:30:00.000Z')
  @Instant()
  readonly time!: string;

  @Describe('Of `data`.', 'application/json')
  @IsIn(['application/json'])
  readonly datacontenttype!: 'application/json';

  @Describe(
    'The shape of `data` and its version: this, not the type, says how it is read.',
    `${EVENT_SCHEMA_PREFIX}outcome@2`,
  )
  @IsIn(Object.keys(EVENT_DATA).map((schema) => EVENT_SCHEMA_PREFIX + schema))
  readonly dataschema!: string;

  @Describe(
    'What was recorded, as stored: `facts`, and `words` where there are any. Words are absent once they were erased.',
    {
      facts: {
        outcomeId: '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f.1',
        programmeId: 'lipid-management',
        measureId: 'patients-benefited',
        organisationId: 'wessex',
        quantity: 1_200,
        effective: { from: '2023-04-01', to: '2023-06-30' },
        basis: 'counted',
      },
      words: { evidence: { title: 'Quarter 1 return' } },
    },
  )
  @OneOf(() => Object.values(EVENT_DATA))
  readonly data!: EventData;

  @Describe('Its place in the ledger: 0, 1, 2, … without gaps.', 41)
  @WholeNumber({ min: 0 })
  readonly ledgersequence!: number;

  @Describe(
    'Like `time`, but never going back along the sequence: what `asAt` means.',
    '2023-07-04T09:30:00.000Z',
  )
  @Instant()
  readonly ledgertime!: string;

  @Describe('What is kept consistent with it.', 'submission-0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f')
  @PlainText({ max: 200 })
  readonly stream!: string;

  @Describe('Its place in the stream, from 0.', 0)
  @WholeNumber({ min: 0 })
  readonly revision!: number;

  @Describe('Who recorded it.', 'admin')
  @PlainText({ max: 200 })
  readonly actor!: string;

  @Describe('The role in which they acted; `system` where the ledger did so by itself.', 'admin')
  @IsIn([...ROLES, 'system'])
  readonly role!: string;

  @Describe('The request that caused it.', 'c0ffee00-0000-4000-8000-000000000001')
  @PlainText({ max: 200 })
  readonly correlationid!: string;

  @Optional('The event that caused it, if one did.')
  @PlainText({ max: 200 })
  readonly causationid?: string;

  @Describe('`api`, `system`, or `file:<sha256>#<line>`.', 'api')
  @PlainText({ max: 200 })
  readonly recordedfrom!: string;

  @Describe('16 random bytes, base64url.', 'q83vEjRWeJCrze8SNFZ4kA')
  @Matches(SALT)
  readonly factssalt!: string;

  @Describe(
    'SHA-256(factssalt ‖ RFC 8785 canonical JSON of `data.facts`), hexadecimal.',
    '01c4a0a1baac279288a4bc11ad6dec855beb5e21bbe7a4950774b681762a4c4c',
  )
  @Matches(HASH)
  readonly factshash!: string;

  @Optional(
    '16 random bytes, base64url. Absent where there are no words, or they were erased.',
    'EjRWeJCrze8SNFZ4kKvN7w',
  )
  @Matches(SALT)
  readonly wordssalt?: string;

  @Optional(
    'SHA-256(wordssalt ‖ RFC 8785 canonical JSON of `data.words`), hexadecimal. Absent where it never had words.',
    '84b4d83a42f839a35ec2a836f1a198bc76950b11c8fe8429a0a643f9ce9c70a3',
  )
  @Matches(HASH)
  readonly wordshash?: string;

  @Optional('Present where the clock stood more than five seconds behind ledger time.')
  @IsIn([true])
  readonly clocksteppedback?: true;
}

export class EventsPage {
  @Describe('In order of sequence.')
  @ListOf(() => CloudEvent)
  readonly events!: readonly CloudEvent[];

  @Nullable('The `after` of the next page; null on the last.', 41)
  @WholeNumber({ min: 0 })
  readonly next!: number | null;
}
