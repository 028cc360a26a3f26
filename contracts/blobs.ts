/** Bytes that do not travel in calls: the gateway takes and gives them, the call has a reference. */
import { z } from 'zod'

/** SHA-256 of the content in hexadecimal. */
export const BlobId = z.string().regex(/^[0-9a-f]{64}$/)

/** Field `upload` of a command that states `upload`: what the gateway has stored of the request's body. */
export const Upload = z.object({
  blob: BlobId,
  sizeBytes: z.int(),
  /** As the client calls it: not to be believed. */
  mediaType: z.string(),
})
export type Upload = z.output<typeof Upload>

/** Output of a query that states `download`: the answer is the content of the blob. */
export const Download = z.object({
  blob: BlobId,
  sizeBytes: z.int(),
  mediaType: z.string(),
  fileName: z.string().max(255),
  /** It lies in `uploads`, made for this download, instead of in the service's own store. */
  isTemporary: z.boolean().default(false),
})
export type Download = z.output<typeof Download>
