"""The operator's pages: sign-in at `/`, the terminal of a station at `/t/<station>`. Pages show and send; rules live elsewhere."""
