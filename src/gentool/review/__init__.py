"""The review page: a person reads queries with their tools and calls, and accepts, rejects or edits them."""
