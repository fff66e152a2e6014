"""What people who query the database get: comments on its columns, views without personal columns, a read-only role.

All of it is made by `clickrail migrate` after the migrations, from the field reference (`schemas.reference`).
"""
