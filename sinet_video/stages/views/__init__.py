"""Views: parts of frames shown to the network, and the people who are followed in them."""
