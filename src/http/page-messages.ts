/** Why a page says that something did not work out. */
export type PageCause =
  | 'denied'
  | 'expired'
  | 'late'
  | 'used'
  | 'wrong_browser'
  | 'unknown_state'
  | 'invalid_callback'
  | 'provider_error'
  | 'frozen'
  | 'not_found'
  | 'forbidden_origin'
  | 'bad_request'
  | 'rate_limited'
  | 'service_unavailable'
  | 'internal'

/**
 * What a page says: what happened and what to do next, in the words of somebody who is not a
 * developer.
 */
export interface PageMessage {
  /** HTTP status of the page. */
  readonly status: number
  /** Mood of the page, shown as colour and symbol. */
  readonly tone: 'calm' | 'notice' | 'problem'
  readonly heading: string
  readonly cause: string
  readonly nextStep: string
}

const START_AGAIN = 'Go back to your portal and start the connection again.'

/** One row per cause; `docs/errors.md` describes each. */
export const PAGE_MESSAGES: Readonly<Record<PageCause, PageMessage>> = {
  denied: {
    status: 200,
    tone: 'calm',
    heading: 'Not connected',
    cause: 'The connection was cancelled. Nothing was shared and nothing has changed.',
    nextStep: 'If this was not intended, go back to your portal and start again.',
  },
  expired: {
    status: 410,
    tone: 'notice',
    heading: 'This link has expired',
    cause: 'A connection link works for a few minutes only, and that time is over.',
    nextStep: 'Go back to your portal and ask for a new link.',
  },
  late: {
    status: 400,
    tone: 'notice',
    heading: 'The sign-in took too long',
    cause: 'You came back from Samsung after the time for this connection was over.',
    nextStep: START_AGAIN,
  },
  used: {
    status: 400,
    tone: 'notice',
    heading: 'This step is already done',
    cause:
      'A sign-in can be used once, and this one has been. Reloading, the back button or a second ' +
      'tab lead here.',
    nextStep: 'Go back to your portal to see whether it is connected. If it is not, start again.',
  },
  wrong_browser: {
    status: 400,
    tone: 'problem',
    heading: 'Please use the browser you started in',
    cause:
      'This connection was started in another browser or a private window, or this browser does ' +
      'not keep cookies. It stops here, so that nobody can finish a connection for somebody else.',
    nextStep: 'Start again from your portal, and stay in that browser until the end.',
  },
  unknown_state: {
    status: 400,
    tone: 'problem',
    heading: 'We cannot match this sign-in',
    cause:
      'Samsung sent you back, but no connection that was started here belongs to this sign-in.',
    nextStep: START_AGAIN,
  },
  invalid_callback: {
    status: 400,
    tone: 'problem',
    heading: 'The answer from Samsung is incomplete',
    cause: 'The address that brought you here lacks a part, or has one too many.',
    nextStep: START_AGAIN,
  },
  provider_error: {
    status: 400,
    tone: 'problem',
    heading: 'Samsung could not complete the sign-in',
    cause: 'Samsung reported a problem instead of a sign-in. Nothing was shared.',
    nextStep:
      'Wait a minute and start again from your portal. If it happens again, ask for support.',
  },
  frozen: {
    status: 409,
    tone: 'notice',
    heading: 'New connections are paused',
    cause: 'Whoever runs this service has paused connections of your portal. Nothing was shared.',
    nextStep: 'Ask the support of your portal when to try again, and start again from there.',
  },
  not_found: {
    status: 404,
    tone: 'notice',
    heading: 'There is nothing here',
    cause: 'This address does not lead anywhere, or the link was copied incompletely.',
    nextStep: 'Go back to your portal and open the connection link from there.',
  },
  forbidden_origin: {
    status: 403,
    tone: 'problem',
    heading: 'This request did not come from our page',
    cause:
      'Another page sent it, or your browser hides where it came from. It was not carried out.',
    nextStep: 'Open the connection link from your portal again and use the buttons on the page.',
  },
  bad_request: {
    status: 400,
    tone: 'problem',
    heading: 'This request cannot be read',
    cause: 'Your browser sent something that this page does not expect.',
    nextStep: 'Open the connection link from your portal again.',
  },
  rate_limited: {
    status: 429,
    tone: 'notice',
    heading: 'Too many requests at once',
    cause: 'Very many requests came from your network within a few seconds. Nothing was lost.',
    nextStep: 'Wait a minute and reload this page.',
  },
  service_unavailable: {
    status: 503,
    tone: 'notice',
    heading: 'Please try again in a moment',
    cause: 'The service cannot do this right now. Nothing was lost.',
    nextStep:
      'Wait a minute and reload this page. If it does not help, start again from your portal.',
  },
  internal: {
    status: 500,
    tone: 'problem',
    heading: 'Something went wrong on our side',
    cause: 'An unexpected error happened. It has been recorded.',
    nextStep: 'Start again from your portal. If it happens again, ask for support.',
  },
}

/** Ends a request on the page of a cause; thrown by routes that answer browsers. */
export class PageError extends Error {
  override readonly name = 'PageError'
  readonly pageCause: PageCause
  readonly status: number

  /**
   * @param status - Where the same cause has another status, as an expired link has at the
   * callback.
   */
  constructor(pageCause: PageCause, status: number = PAGE_MESSAGES[pageCause].status) {
    super(pageCause)
    this.pageCause = pageCause
    this.status = status
  }
}
