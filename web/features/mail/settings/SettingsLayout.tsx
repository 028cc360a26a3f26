/** The pages of the mail's settings, and the way from one to the next. */
import { Link, Outlet } from '@tanstack/react-router'
import { useWords } from '#web/app/language.tsx'
import { mailSettings } from './sections.ts'
import classes from './settings.module.css'

export function SettingsLayout() {
  const { t } = useWords()
  return (
    <>
      <nav aria-label={t('mailSettings.title')} className={classes.pages}>
        {mailSettings.map(({ to, label, icon: Icon }) => (
          <Link key={label} to={to} className={classes.page!} activeProps={{ 'aria-current': 'page' }}>
            <Icon size={16} strokeWidth={1.75} aria-hidden />
            {t(label)}
          </Link>
        ))}
      </nav>
      <Outlet />
    </>
  )
}
