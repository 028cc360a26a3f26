/** People, how they are reached and what they prefer. */
import { z } from 'zod'
import { Download, Upload } from '../blobs.ts'
import { command, query } from '../contract.ts'
import {
  Account,
  Identifier,
  Language,
  NewPassword,
  Password,
  PersonName,
  PhoneNumber,
  TimeZone,
} from './account.ts'

/** What notifications are about. People can't turn off those about security. */
export const Topic = z.enum(['security', 'mail', 'chat', 'orders', 'news'])

const Channels = z.object({ email: z.boolean(), push: z.boolean() })
const TimeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/)

export const Preferences = z.object({
  topics: z.record(Topic, Channels),
  /** In the account's time zone; what can wait waits until they are over. */
  quietHours: z.object({ from: TimeOfDay, to: TimeOfDay }).nullable(),
})
export type Preferences = z.output<typeof Preferences>

/** How somebody is reached. */
const Recipient = Account.pick({
  id: true,
  userid: true,
  name: true,
  email: true,
  isEmailVerified: true,
  phone: true,
  isPhoneVerified: true,
  language: true,
  timeZone: true,
}).extend({ preferences: Preferences })

const Email = z.email().max(254)

export const profileCalls = {
  createProfile: command(
    {
      summary: 'Makes an account with the role customer: with a mailbox, or by contact e-mail without one.',
      http: 'POST /api/profiles 201',
      access: 'public',
      input: z
        .object({
          userid: z.string().max(320).optional(),
          email: Email.optional(),
          password: NewPassword,
          name: PersonName,
          phone: PhoneNumber.optional(),
          language: Language.default('en'),
        })
        .refine(({ userid, email }) => userid !== undefined || email !== undefined, {
          path: ['userid'],
          message: 'a userid or an e-mail address is needed',
        }),
      output: Account,
      limits: ['anonymous'],
      idempotency: 'none',
    },
    'useridTaken',
    'signUpClosed 403',
  ),
  checkUserid: query({
    summary: 'Whether a userid can be had, and if not, why.',
    http: 'GET /api/profiles/availability',
    access: 'public',
    input: z.object({ userid: z.string().max(320) }),
    output: z.object({ problem: z.enum(['malformed', 'foreignDomain', 'reserved', 'taken']).nullable() }),
    limits: ['anonymous'],
  }),
  showMe: query({
    summary: 'The account that makes the call.',
    http: 'GET /api/me',
    access: 'account',
    owned: 'self',
    input: z.object({}),
    output: Account,
  }),
  changeProfile: command({
    summary: 'A new e-mail address or phone number has to be verified anew.',
    http: 'PATCH /api/me',
    access: 'account',
    owned: 'self',
    input: z.object({
      name: PersonName.optional(),
      email: Email.nullable().optional(),
      phone: PhoneNumber.nullable().optional(),
      language: Language.optional(),
      timeZone: TimeZone.optional(),
    }),
    output: Account,
  }),
  setPicture: command({
    summary: 'PNG, JPEG or WebP.',
    http: 'PUT /api/me/picture',
    access: 'account',
    owned: 'self',
    input: z.object({ upload: Upload }),
    output: Account,
    upload: { maxBytes: 2 * 1024 * 1024 },
  }),
  removePicture: command({
    http: 'DELETE /api/me/picture',
    access: 'account',
    owned: 'self',
    input: z.object({}),
    output: Account,
  }),
  showPicture: query({
    summary: 'The picture of an account, for everybody who is signed in.',
    http: 'GET /api/profiles/{accountId}/picture',
    access: 'account',
    input: z.object({ accountId: z.uuid() }),
    output: Download,
    download: true,
  }),
  showPreferences: query({
    http: 'GET /api/me/preferences',
    access: 'account',
    owned: 'self',
    input: z.object({}),
    output: Preferences,
  }),
  changePreferences: command({
    http: 'PUT /api/me/preferences',
    access: 'account',
    owned: 'self',
    input: Preferences,
    output: Preferences,
  }),
  showRecipient: query({
    summary: 'How an account is reached, and what it wants to be told.',
    access: 'service',
    input: z.object({ accountId: z.uuid() }),
    output: Recipient,
  }),

  sendVerificationCode: command(
    {
      summary: 'Sends six digits, and by e-mail a link too, good for ten minutes.',
      http: 'POST /api/verifications 204',
      access: 'account',
      owned: 'self',
      input: z.object({ channel: z.enum(['email', 'phone']) }),
      output: z.null(),
    },
    'nothingToVerify 422',
  ),
  verifyPhoneNumber: command(
    {
      http: 'POST /api/verifications/phone 204',
      access: 'public',
      input: z.object({ userid: Identifier, otp: z.string().max(20) }),
      output: z.null(),
      limits: ['anonymous', 'signIn'],
      idempotency: 'none',
    },
    'wrongCode 422',
  ),
  verifyEmail: command(
    {
      summary: 'By the code with the userid, or by the token of the link alone.',
      http: 'POST /api/verifications/email 204',
      access: 'public',
      input: z
        .object({
          userid: Identifier.optional(),
          otp: z.string().max(20).optional(),
          token: z.string().max(100).optional(),
        })
        .refine(
          ({ userid, otp, token }) => token !== undefined || (userid !== undefined && otp !== undefined),
          {
            path: ['otp'],
            message: 'a code with its userid, or a token, is needed',
          },
        ),
      output: z.null(),
      limits: ['anonymous', 'signIn'],
      idempotency: 'none',
    },
    'wrongCode 422',
  ),

  forgotPassword: command({
    summary:
      'Sends a link to set a new password, good for 30 minutes; answers the same whether there is an account.',
    http: 'POST /api/auth/forgotten-password 204',
    access: 'public',
    input: z.object({ userid: Identifier }),
    output: z.null(),
    limits: ['anonymous', 'signIn'],
    idempotency: 'none',
  }),
  resetPassword: command(
    {
      summary: 'Sets a new password with the token of the link, and ends all sessions.',
      http: 'POST /api/auth/password-reset 204',
      access: 'public',
      input: z.object({ token: z.string().max(100), password: NewPassword }),
      output: z.null(),
      limits: ['anonymous'],
      idempotency: 'none',
    },
    'linkExpired 410',
  ),
  changePassword: command(
    {
      summary: "Ends the account's other sessions.",
      http: 'POST /api/me/password 204',
      access: 'account',
      owned: 'self',
      input: z.object({ password: Password, newPassword: NewPassword }),
      output: z.null(),
      idempotency: 'none',
    },
    'wrongCredentials 403',
  ),
}
