import { useWords } from '#web/app/language.tsx'
import { useMail } from '../mail-context.ts'
import { folderNames, type Place } from '../place.ts'

/** What a place is called. */
export function usePlaceName(place: Place): string {
  const { t } = useWords()
  const { mailboxes } = useMail()
  switch (place.kind) {
    case 'label':
      return mailboxes.labels.find(({ id }) => id === place.id)?.path ?? t('mail.label')
    case 'search':
      return place.query === '' ? t('mail.search') : t('mail.search.of', { query: place.query })
    case 'starred':
      return t('mail.place.starred')
    default:
      return place.category ? t(`mail.category.${place.category}`) : t(folderNames[place.role])
  }
}

/** The search that finds what the place has; undefined where there is none. */
export function usePlaceQuery(place: Place): string | undefined {
  const { mailboxes, preferences } = useMail()
  switch (place.kind) {
    case 'label': {
      const path = mailboxes.labels.find(({ id }) => id === place.id)?.path
      return path === undefined ? undefined : `label:"${path}"`
    }
    case 'search':
      return place.query
    case 'starred':
      return 'is:starred'
    default: {
      if (place.role === 'all' || place.role === 'scheduled') return undefined
      const box = place.role === 'junk' ? 'in:spam' : `in:${place.role}`
      const hasTabs = place.role === 'inbox' && preferences.categories.length > 0
      return hasTabs ? `${box} category:${place.category ?? 'primary'}` : box
    }
  }
}
