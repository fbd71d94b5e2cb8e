import { Module } from '@nestjs/common';
import { Config } from '../config.js';
import { CoreModule } from '../api/core.module.js';
import { Clock } from '../kernel/clock.js';
import { KeyRing } from './key-ring.js';
import { KeyUses } from './key-uses.js';
import { KeysController } from './keys.controller.js';
import { ChangeKeyHandler } from './keys.handler.js';
import { Tokens } from './tokens.js';

@Module({
  imports: [CoreModule],
  controllers: [KeysController],
  providers: [
    KeyUses,
    KeyRing,
    ChangeKeyHandler,
    {
      provide: Tokens,
      inject: [Config, Clock],
      useFactory: ({ oidc }: Config, clock: Clock) => new Tokens(oidc, clock),
    },
  ],
})
export class AccessModule {}
