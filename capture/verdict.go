package capture

// Verdict is the furthest point that a session reached and what stopped it there. Every session has exactly one.
type Verdict string
