"""What every deployed process needs: its errors, log, settings, token, and HTTP that ends. Imports nothing else of ours."""
