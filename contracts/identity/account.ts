/** What an account is, as every part of the contract shows it. */
import { z } from 'zod'

export const AccountRole = z.enum(['customer', 'staff', 'admin', 'owner'])
export type AccountRole = z.output<typeof AccountRole>

/** BCP 47. */
export const Language = z.enum(['en', 'bn'])
export type Language = z.output<typeof Language>

export const Account = z.object({
  id: z.uuid(),
  /** Mailbox address on a domain of ours, lower case. Null for people without a mailbox. */
  userid: z.string().nullable(),
  name: z.string(),
  /** Where else the person is reached. */
  email: z.string().nullable(),
  isEmailVerified: z.boolean(),
  /** E.164: `+8801712345678`. */
  phone: z.string().nullable(),
  isPhoneVerified: z.boolean(),
  roles: z.array(AccountRole),
  language: Language,
  /** IANA: `Asia/Dhaka`. */
  timeZone: z.string(),
  /** Changes with the picture; null without one. */
  pictureId: z.string().nullable(),
  /** Nobody can sign in to it. */
  isDisabled: z.boolean(),
  createdAt: z.iso.datetime(),
})
export type Account = z.output<typeof Account>

/** A userid, or the e-mail address or phone number of an account. */
export const Identifier = z.string().trim().min(1).max(320)
export const Password = z.string().min(1).max(1024)
export const NewPassword = z.string().min(8).max(1024)
export const PersonName = z.string().trim().min(1).max(200)
/** As people write it; without a country code it is one of Bangladesh. */
export const PhoneNumber = z.string().trim().min(5).max(40)
export const TimeZone = z
  .string()
  .max(60)
  .refine((zone) => {
    try {
      return Boolean(new Intl.DateTimeFormat('en', { timeZone: zone }))
    } catch {
      return false
    }
  }, 'is no time zone')

/** From where somebody signs in. The gateway states it; what a client states is replaced. */
export const Device = z.object({
  address: z.string().max(64),
  userAgent: z.string().max(1024),
  /** Proves that somebody signed in from there before. */
  token: z.string().max(100).optional(),
})
