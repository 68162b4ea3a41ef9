import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Eta } from 'eta'
import { assetVersion } from './assets.ts'
import { PAGE_MESSAGES, type PageCause } from './page-messages.ts'

/** What every page can say. Texts may come from anywhere: they are escaped. */
interface PageModel {
  readonly supportId: string
  /** The portal's registered name. */
  readonly portalName?: string | undefined
  /** The portal's name for its customer. */
  readonly tenantName?: string | undefined
}

/** The page behind `connect_url`: who asks, for whom, for what; one form. */
export interface ConfirmModel extends PageModel {
  readonly portalName: string
  /** The program's region as configured: `us`, `eu`, … */
  readonly region: string
  /** What becomes possible, one sentence each. */
  readonly abilities: readonly string[]
  /** Knox partner ID that the customer enters in the Knox portal. */
  readonly partnerId?: string | undefined
  /** Where the form is posted: a path on this origin. */
  readonly action: string
  readonly csrfToken: string
  /** Says that another Samsung Account may take the place of the present one. */
  readonly accountChange?: boolean | undefined
}

/**
 * The short page that moves the browser on without a redirect (CSP `form-action` follows those).
 */
interface OnTheWayModel extends PageModel {
  /** An absolute http(s) URL. */
  readonly location: string
  /** Who is there; `Samsung` when absent. */
  readonly destination?: string | undefined
}

/** A page whose own address should not stay in the browser. */
interface MovingModel {
  /** Where the same page has a clean address: a path on this origin, moved on to at once. */
  readonly moveTo?: string | undefined
}

/** The page of a connection that stands. */
interface ConnectedModel extends PageModel, MovingModel {
  readonly portalName: string
  readonly partnerId?: string | undefined
  /** An absolute http(s) URL. */
  readonly returnUrl?: string | undefined
}

/** A page that ends the attempt; the words come from `PAGE_MESSAGES`. */
interface EndModel extends PageModel, MovingModel {
  /** An absolute http(s) URL. */
  readonly returnUrl?: string | undefined
}

/** Renders pages to HTML. Every method throws when its model lacks something: that is a defect. */
export interface Pages {
  confirm(model: ConfirmModel): string
  onTheWay(model: OnTheWayModel): string
  connected(model: ConnectedModel): string
  denied(model: EndModel): string
  expired(model: EndModel): string
  wrongBrowser(model: EndModel): string
  alreadyUsed(model: EndModel): string
  /** The page of any cause; status in `PAGE_MESSAGES[cause].status`. */
  error(model: EndModel & { readonly cause: PageCause }): string
}

const TEMPLATES = ['layout', 'confirm', 'on-the-way', 'connected', 'end'] as const

const REGIONS: ReadonlyMap<string, string> = new Map([
  ['us', 'United States'],
  ['eu', 'Europe'],
  ['cn', 'China'],
])

/**
 * Creates the pages. Templates are read and compiled here, once, so that a broken one stops the
 * start and not a customer.
 *
 * @param deps.viewsDir - Directory of the `.eta` templates and the style sheet.
 */
export function createPages({ viewsDir }: { readonly viewsDir: string }): Pages {
  const eta = new Eta({ escapeFunction: escapeText })
  for (const name of TEMPLATES) {
    eta.loadTemplate(`@${name}`, readFileSync(join(viewsDir, `${name}.eta`), 'utf8'))
  }
  const style = `/assets/style.css?v=${assetVersion(viewsDir, 'style.css')}`
  const render = (name: (typeof TEMPLATES)[number], model: object): string =>
    eta.render(`@${name}`, { ...model, style })
  const end = (cause: PageCause) => (model: EndModel) =>
    render('end', { ...model, ...PAGE_MESSAGES[cause], returnUrl: webUrl(model.returnUrl) })

  return {
    confirm: (model) =>
      render('confirm', {
        ...model,
        region: REGIONS.get(model.region) ?? model.region.toUpperCase(),
      }),
    onTheWay: (model) =>
      render('on-the-way', { destination: 'Samsung', ...model, location: webUrl(model.location) }),
    connected: (model) => render('connected', { ...model, returnUrl: webUrl(model.returnUrl) }),
    denied: end('denied'),
    expired: end('expired'),
    wrongBrowser: end('wrong_browser'),
    alreadyUsed: end('used'),
    error: ({ cause, ...model }) => end(cause)(model),
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * The one escaper of all dynamic text. A missing variable is an error, not the word "undefined".
 */
function escapeText(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('a page variable is missing')
  return value.toWellFormed().replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}

/** Lets only web addresses become links: escaping does not stop `javascript:`. */
function webUrl(url: string | undefined): string | undefined {
  if (url === undefined || /^https?:\/\//.test(url)) return url
  throw new TypeError('a link must be an absolute http or https URL')
}
