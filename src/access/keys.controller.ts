/** The admin creates, lists, rotates and revokes keys. */
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { Call, Tagged } from '../api/call.js';
import { Recording, type ApiProvenance } from '../api/provenance.js';
import { parseKeyId, parseProgrammeId, type KeyId } from '../kernel/ids.js';
import { parseName } from '../kernel/name.js';
import { parseOr } from '../kernel/refusals.js';
import { Clock } from '../kernel/clock.js';
import type { Key } from '../domain/key.js';
import { KeyRing } from './key-ring.js';
import { hashOfKey, makeKeyId, makeKeyText } from './key-secret.js';
import { KeyUses } from './key-uses.js';
import * as calls from './keys.calls.js';
import {
  CreateKeyDto,
  KeyListQueryDto,
  RevokeKeyDto,
  RotateKeyDto,
  type KeyListView,
  type KeyRevokedView,
  type KeySecretView,
  type KeyView,
} from './keys.dto.js';
import { pageLimit } from '../api/query.dto.js';
import { ChangeKey } from './keys.handler.js';

@Tagged('Keys')
@Controller('v1/keys')
export class KeysController {
  constructor(
    private readonly commands: CommandBus,
    private readonly ring: KeyRing,
    private readonly uses: KeyUses,
    private readonly clock: Clock,
  ) {}

  @Post()
  @Call(calls.createKey)
  async createKey(
    @Body() { name, role, programmes = [], expiresAt, personalDataOverride }: CreateKeyDto,
    @Recording() by: ApiProvenance,
  ): Promise<KeySecretView> {
    const details = {
      name: parseName(name),
      role,
      programmes: [...new Set(programmes)].map(parseProgrammeId),
      expiresAt: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
    };
    const { id, key, secretSha256 } = newSecret(makeKeyId());
    const change = { kind: 'create-key', keyId: id, details, secretSha256, personalDataOverride } as const;
    const { sequence } = await this.commands.execute(new ChangeKey(change, by));
    return { id, key, sequence };
  }

  @Get()
  @Call(calls.listKeys)
  listKeys(@Query() { after = '', limit }: KeyListQueryDto): KeyListView {
    const count = pageLimit(limit);
    const found = this.ring.list(after, count + 1);
    const keys = found.slice(0, count).map((key) => this.view(key));
    return { keys, next: found.length > count ? keys.at(-1)!.id : null };
  }

  @Post(':id/rotation')
  @HttpCode(200)
  @Call(calls.rotateKey)
  async rotateKey(
    @Param('id') text: string,
    @Body() { reason, overlapSeconds = 0, personalDataOverride }: RotateKeyDto,
    @Recording() by: ApiProvenance,
  ): Promise<KeySecretView> {
    const { id, key, secretSha256 } = newSecret(parseOr(() => parseKeyId(text), 'key'));
    const untilMs = this.clock.now() + overlapSeconds * 1_000;
    const previousUntil = overlapSeconds === 0 ? null : new Date(untilMs).toISOString();
    const change = { keyId: id, secretSha256, previousUntil, reason, personalDataOverride };
    const { sequence } = await this.commands.execute(new ChangeKey({ kind: 'rotate-key', ...change }, by));
    return { id, key, sequence };
  }

  @Post(':id/revocation')
  @HttpCode(200)
  @Call(calls.revokeKey)
  async revokeKey(
    @Param('id') text: string,
    @Body() { reason, personalDataOverride }: RevokeKeyDto,
    @Recording() by: ApiProvenance,
  ): Promise<KeyRevokedView> {
    const keyId = parseOr(() => parseKeyId(text), 'key');
    const change = { kind: 'revoke-key', keyId, reason, personalDataOverride } as const;
    const { sequence } = await this.commands.execute(new ChangeKey(change, by));
    return { id: keyId, sequence };
  }

  private view(key: Key): KeyView {
    const { id, name, role, programmes, expiresAt } = key;
    const lastUsedOn = this.uses.lastUsedOn(id);
    return { id, name, role, programmes, status: this.ring.statusOf(key), expiresAt, lastUsedOn };
  }
}

function newSecret(id: KeyId) {
  const key = makeKeyText(id);
  return { id, key, secretSha256: hashOfKey(key).toString('hex') };
}
