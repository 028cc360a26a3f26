/** The one way from this app to the server. */
import { createHttpCaller } from '#contracts/http-client.ts'
import { live } from './live.ts'

export const caller = createHttpCaller({ stream: live.stream })
