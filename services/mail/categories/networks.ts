/** Networks whose mail is of one kind, whatever it says. */
import type { Evidence } from '../spam/evidence.ts'
import { isForged } from '../spam/facts.ts'
import type { Category } from './category.ts'

/** Notices of what people do there are Social; what such a network sells or bills comes from other addresses. */
const social = new Set([
  'facebookmail.com',
  'linkedin.com',
  'twitter.com',
  'x.com',
  'instagram.com',
  'pinterest.com',
  'tiktok.com',
  'snapchat.com',
  'tumblr.com',
  'reddit.com',
  'redditmail.com',
  'nextdoor.com',
  'quora.com',
  'meetup.com',
  'discord.com',
  'discordapp.com',
  'vk.com',
  'xing.com',
  'bumble.com',
  'tinder.com',
  'gotinder.com',
  'hinge.co',
  'strava.com',
  'goodreads.com',
  'flickr.com',
  'bsky.app',
  'threads.net',
  'mastodon.social',
  'viber.com',
  'imo.im',
  'likee.video',
  'twitch.tv',
  'badoo.com',
  'okcupid.com',
])

const forums = new Set([
  'googlegroups.com',
  'groups.io',
  'freelists.org',
  'stackexchange.com',
  'stackoverflow.email',
  'discoursemail.com',
  'yahoogroups.com',
  'lists.debian.org',
  'vger.kernel.org',
])

/** Undefined where the sender is another, or not proved. */
export function networkOf({
  fromDomain,
  fromOrganisation,
  from,
  facts,
  isAuthenticated,
  headers,
}: Evidence): Category | undefined {
  if (isForged(facts) || (facts.authentication !== undefined && !isAuthenticated)) return undefined
  const local = from?.address.slice(0, Math.max(0, from.address.lastIndexOf('@'))).toLowerCase() ?? ''
  const list =
    /([\w.-]{3,100})>?$/.exec(headers.get('list-id')?.[0]?.slice(0, 300) ?? '')?.[1]?.toLowerCase() ?? ''
  if ([...forums].some((domain) => list === domain || list.endsWith(`.${domain}`) || fromDomain === domain))
    return 'forums'
  const isOther =
    /billing|invoice|receipt|order|payment|security|verify|password|ads?\b|marketing|premium|jobs?/.test(
      local,
    )
  return social.has(fromOrganisation) && !isOther ? 'social' : undefined
}
