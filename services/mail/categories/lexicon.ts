/** Words that are at home in one kind of mail, in English and Bengali. */
import { hashWords, type WordStream } from '../spam/words.ts'

export const kinds = ['people', 'record', 'offer', 'letter', 'discussion'] as const
export type Kind = (typeof kinds)[number]

const words: Record<Kind, string> = {
  people: `friend friends follow followed following follower followers tagged liked likes mentioned commented comment connection
    connections network profile profiles kudos match matches birthday memories invited posted timeline notifications wall
    appreciated reacted reactions shared endorsed viewers stories reel reels groups unread messenger chat recommends
    neighbours nearby বন্ধু বন্ধুর পোস্টে মন্তব্য লাইক ট্যাগ প্রোফাইল অনুসরণ ছবিতে`,
  record: `order orders invoice receipt tracking tracked shipped shipment parcel delivered delivery reservation booking booked
    itinerary statement statements transaction payment paid charged refund refunded verify verification confirm code password
    login device session account appointment reminder ticket tickets bill due renewal renews policy claim subscription license
    security alert alerts resolved build failed deployed incident backup prescription return request reference status report
    অর্ডার বিল পরিশোধ লেনদেন হিসাবে কোড জমা মোট`,
  offer: `sale off discount deal deals offer offers coupon save saving savings shop buy free shipping limited exclusive promo
    promotion price prices collection arrivals new launch upgrade trial points rewards bonus gift win expires ends tonight
    hurry discover explore browse stock fares bestsellers clearance ছাড় অফার কিনুন কালেকশন সাশ্রয়ী ফ্রি বিশেষ`,
  letter: `newsletter issue edition weekly digest headlines stories story read reading subscribe subscribed subscriber
    subscribers editor briefing article articles interview webinar register event events donate members exhibition podcast
    essay reader sponsor সংবাদ খবর চিঠি`,
  discussion: `wrote thread list patch bug reply archive mailing topic forum members moderator post question answer thanks
    anyone anybody somebody kernel compile version config error install debug upstream maintainer draft section diff
    সবাইকে কেউ গ্রুপে আড্ডা`,
}

const kindOf = new Map<number, Kind[]>()
for (const kind of kinds)
  for (const word of words[kind].split(/\s+/)) {
    const [hash] = hashWords(word)
    kindOf.set(hash!, [...(kindOf.get(hash!) ?? []), kind])
  }

/** How many different words of each kind stand among the first `most`. */
export function countKinds({ hashes, count }: WordStream, most: number): Map<Kind, number> {
  const seen = new Set<number>()
  const counts = new Map<Kind, number>()
  for (let at = 0; at < Math.min(count, most); at++) {
    const hash = hashes[at]!
    const found = kindOf.get(hash)
    if (found === undefined || seen.has(hash)) continue
    seen.add(hash)
    for (const kind of found) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return counts
}
