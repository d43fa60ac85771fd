"""Web Push: the push services of Mozilla, Apple and Google (Chrome), and the browsers behind them."""
